import FlashAttention

/// What `flash attend` is asked to do with its input.
struct AttendRequest {
  let mask: AttentionMask
  let scale: Float?
  let softcap: Float?
  let wantsGradients: Bool
  let options: ExecutionOptions

  /// Computes attention and writes the results.
  func run<Element>(_ input: AttendInput<Element>, writingTo path: String) throws -> AttendReport {
    let forwardPlan = try plan(input, .forward)
    let backwardPlan = wantsGradients ? try plan(input, .backward) : nil
    try MemoryCheck.require([forwardPlan] + (backwardPlan.map { [$0] } ?? []))

    let stopwatch = Stopwatch()
    var results: [String: any StridedTensor] = [:]
    try input.namingTensors {
      let forward = try attend(input)
      results["output"] = forward.output
      results["log_sum_exp"] = forward.logSumExp
      if let outputGradient = input.outputGradient, let backwardPlan {
        let gradients = try differentiate(
          input, outputGradient, forward, wantsBiasGradient: backwardPlan.backend != .standard)
        results["query_gradient"] = gradients.queries
        results["key_gradient"] = gradients.keys
        results["value_gradient"] = gradients.values
        results["bias_gradient"] = gradients.bias.map { biasGradient in
          biasGradient.converted(to: input.bias?.elementType ?? .float32)
        }
      }
    }
    let seconds = stopwatch.seconds
    try SafetensorsFile.write(results, to: path)
    return AttendReport(plan: backwardPlan?.after(forwardPlan) ?? forwardPlan, seconds: seconds)
  }

  private func plan<Element>(
    _ input: AttendInput<Element>, _ direction: AttentionDirection
  ) throws -> PassPlan {
    try input.namingTensors {
      try PassPlan(
        AttentionDescriptor(
          shape: input.shape(), elementType: Element.attentionElementType, scale: scale, softcap: softcap, mask: mask,
          hasBooleanMask: input.mask != nil, biasType: input.bias?.elementType),
        direction, options: options)
    }
  }

  private func attend<Element>(_ input: AttendInput<Element>) throws -> AttentionResult<Element> {
    try scaledDotProductAttention(
      queries: input.query, keys: input.key, values: input.value, scale: scale, mask: mask, booleanMask: input.mask,
      bias: input.bias, softcap: softcap, options: options)
  }

  private func differentiate<Element>(
    _ input: AttendInput<Element>, _ outputGradient: TensorView<Element>, _ forward: AttentionResult<Element>,
    wantsBiasGradient: Bool
  ) throws -> AttentionGradients<Element> {
    try scaledDotProductAttentionGradient(
      queries: input.query, keys: input.key, values: input.value, outputGradient: outputGradient, forward: forward,
      scale: scale, mask: mask, booleanMask: input.mask, bias: input.bias, softcap: softcap,
      biasGradient: wantsBiasGradient && input.bias != nil, options: options)
  }
}

extension Tensor<Float> {
  /// The elements in the type that the file's bias has.
  fileprivate func converted(to type: AttentionElementType) -> any StridedTensor {
    switch type {
    case .float32: self
    case .float16: Tensor<Float16>(mapping: self) { Float16($0) }
    case .bfloat16: Tensor<BFloat16>(mapping: self) { BFloat16($0) }
    }
  }
}
