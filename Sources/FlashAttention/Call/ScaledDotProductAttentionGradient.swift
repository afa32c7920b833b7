import KernelIntrinsics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The gradients of a loss with respect to the inputs of ``scaledDotProductAttention(queries:keys:values:scale:mask:booleanMask:bias:softcap:options:)``.
///
/// The probabilities are recomputed tile by tile from the log-sum-exp of the forward pass, so the memory is O(N), and
/// the five products of the backward pass run once (Dao et al., *FlashAttention*, 2022, algorithm 4). Gradients are
/// summed in fp32, in an order that does not depend on the number of threads.
///
/// - Parameters:
///   - queries: Q as in the forward pass.
///   - keys: K as in the forward pass.
///   - values: V as in the forward pass.
///   - outputGradient: ∂L/∂O, [B, Hq, Sq, Dv], with any strides.
///   - forward: The result of the forward pass with the same arguments, or nil to compute it here.
///   - scale: As in the forward pass.
///   - mask: As in the forward pass.
///   - booleanMask: As in the forward pass.
///   - bias: As in the forward pass.
///   - softcap: As in the forward pass.
///   - biasGradient: Whether to compute the gradient of the bias as well.
///   - options: Back end, instruction set and threads; the default chooses from the machine.
/// - Returns: The gradients of Q, K and V in their element type, and of the bias in fp32 where it was asked for.
/// - Throws: ``AttentionError`` that names the argument that does not fit, or the back end that is not available; the
///   back end `standard` has no gradient of the bias.
/// - Complexity: 2.5 times the operations of the forward pass; O(B · Hq · Sq · D) memory beyond the result.
public func scaledDotProductAttentionGradient<Element: AttentionElement>(
  queries: some StridedTensor<Element>,
  keys: some StridedTensor<Element>,
  values: some StridedTensor<Element>,
  outputGradient: some StridedTensor<Element>,
  forward: AttentionResult<Element>? = nil,
  scale: Float? = nil,
  mask: AttentionMask = .full,
  booleanMask: TensorView<Bool>? = nil,
  bias: AttentionBias? = nil,
  softcap: Float? = nil,
  biasGradient: Bool = false,
  options: ExecutionOptions = ExecutionOptions()
) throws -> AttentionGradients<Element> {
  let operands = try AttentionOperands<Element>(
    queries: queries, keys: keys, values: values, scale: scale, mask: mask, booleanMask: booleanMask, bias: bias,
    softcap: softcap)
  let shape = operands.descriptor.shape
  try requireShape("outputGradient", outputGradient.shape, shape.output, "[B, Hq, Sq, Dv]")
  if biasGradient && bias == nil {
    throw AttentionError.invalidArgument("biasGradient", was: "true", expected: "false where no bias is given")
  }
  let plan = try AttentionPlan(operands.descriptor, .backward, options: options)
  if biasGradient && plan.backend == .standard {
    throw AttentionError.unavailable("back end standard", reason: "it has no gradient of the bias")
  }
  let forward =
    try forward ?? attend(operands, AttentionPlan(operands.descriptor, .forward, options: options))
  try requireShape("forward.output", forward.output.shape, shape.output, "[B, Hq, Sq, Dv]")
  try requireShape("forward.logSumExp", forward.logSumExp.shape, shape.rows, "[B, Hq, Sq]")
  return try differentiate(operands, plan, outputGradient.view, forward, wantsBiasGradient: biasGradient)
}

private func requireShape(_ argument: String, _ shape: [Int], _ expected: [Int], _ letters: String) throws {
  guard shape == expected else {
    throw AttentionError.invalidArgument(argument, was: "\(shape)", expected: "\(letters) = \(expected)")
  }
}

/// Runs the backward pass of a plan.
private func differentiate<Element: AttentionElement>(
  _ operands: AttentionOperands<Element>, _ plan: AttentionPlan, _ outputGradient: TensorView<Element>,
  _ forward: AttentionResult<Element>, wantsBiasGradient: Bool
) throws -> AttentionGradients<Element> {
  let shape = plan.descriptor.shape
  let rows = shape.batch * shape.queryHeads * shape.queryLength
  let statistics = UnsafeMutablePointer<Float>.allocate(capacity: max(rows * 2, 1))
  defer { statistics.deallocate() }
  let sums = plan.keepsQueryGradientSums ? try ZeroedFloats(count: rows * plan.queryGradientStride) : nil
  let output = forward.output.view
  let logSumExp = forward.logSumExp.view
  defer { withExtendedLifetime((output, logSumExp, outputGradient, sums)) {} }

  var keyGradient: Tensor<Element>?
  var valueGradient: Tensor<Element>?
  var biasGradient: Tensor<Float>?
  let queryGradient = try Tensor<Element>(shape: shape.queries) { queryMemory in
    keyGradient = try Tensor<Element>(shape: shape.keys) { keyMemory in
      valueGradient = try Tensor<Element>(shape: shape.values) { valueMemory in
        try operands.withProblem(plan) { problem in
          problem.output = KernelOperand(output)
          problem.logSumExp = UnsafeMutablePointer(mutating: logSumExp.unsafeBaseAddress)
          problem.outputGradient = KernelOperand(outputGradient)
          problem.queryGradient = .init(dense: queryMemory, shape: shape.queries)
          problem.keyGradient = .init(dense: keyMemory, shape: shape.keys)
          problem.valueGradient = .init(dense: valueMemory, shape: shape.values)
          problem.rowLogSumExp2 = statistics
          problem.rowDelta = statistics + rows
          if let sums {
            problem.queryGradientSum = sums.base
          } else {
            let target = UnsafeMutableRawPointer(queryMemory).assumingMemoryBound(to: Float.self)
            target.initialize(repeating: 0, count: rows * shape.headDimension)
            problem.queryGradientSum = target
          }
          func run() throws { try CPUBackward(plan: plan, problem: problem).run() }
          if wantsBiasGradient {
            let biasShape = operands.biasShape
            biasGradient = try Tensor<Float>(shape: biasShape) { memory in
              memory.initialize(repeating: 0, count: biasShape.reduce(1, *))
              problem.biasGradient = .init(broadcasting: memory, shape: biasShape)
              try run()
            }
          } else {
            try run()
          }
        }
      }
    }
  }
  guard let keyGradient, let valueGradient else {
    preconditionFailure("a tensor was made without being initialised")
  }
  return AttentionGradients(queries: queryGradient, keys: keyGradient, values: valueGradient, bias: biasGradient)
}

/// fp32 memory that starts as zeros, without touching pages before they are used.
private final class ZeroedFloats {
  let base: UnsafeMutablePointer<Float>

  init(count: Int) throws {
    guard let memory = calloc(max(count, 1), 4) else {
      throw AttentionError.unavailable(
        "the gradient", reason: "\(ByteCount.description(count * 4)) for the sums of dQ could not be allocated")
    }
    base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { free(base) }
}
