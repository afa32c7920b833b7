import CUDADriver

extension AttentionOperands {
  /// Copies the operands to the first usable device, computes the call there and copies the result back.
  func attendOnDevice(_ descriptor: AttentionDescriptor) throws -> AttentionResult<Element> {
    try CUDAAttentionPlan.check(descriptor, .forward)
    let stream = try CUDAStream(in: CUDADevices.context())
    // What the device cannot do is said before anything is copied.
    _ = try CUDAAttentionPlan(descriptor, on: CUDADeviceTraits(stream.context.device))
    let inputs = CUDAInputs(
      queries: try queries.copied(to: stream), keys: try keys.copied(to: stream), values: try values.copied(to: stream),
      booleanMask: try booleanMask?.copied(to: stream), bias: try bias?.copied(to: stream))
    let result = try inputs.attend(descriptor, on: stream)
    return AttentionResult(
      output: try result.output.copiedToHost(on: stream), logSumExp: try result.logSumExp.copiedToHost(on: stream))
  }
}

extension AttentionBias {
  /// A dense copy in the memory of the stream's device.
  public func copied(to stream: CUDAStream) throws -> CUDAAttentionBias {
    switch storage {
    case .float32(let view): CUDAAttentionBias(try view.copied(to: stream))
    case .float16(let view): CUDAAttentionBias(try view.copied(to: stream))
    case .bfloat16(let view): CUDAAttentionBias(try view.copied(to: stream))
    }
  }
}
