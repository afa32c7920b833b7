import KernelIntrinsics

/// The inputs of a call, checked against each other and broadcast to their full shapes.
struct AttentionOperands<Element: AttentionElement>: Sendable {
  let queries: TensorView<Element>
  let keys: TensorView<Element>
  let values: TensorView<Element>
  let booleanMask: TensorView<Bool>?
  let bias: AttentionBias?
  /// The shape of the bias as it was given, which its gradient has as well.
  let biasShape: [Int]
  let descriptor: AttentionDescriptor

  /// Checks the inputs: the one place where shapes meet.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first argument that does not fit.
  init(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    scale: Float?, mask: AttentionMask, booleanMask: TensorView<Bool>?, bias: AttentionBias?, softcap: Float?
  ) throws {
    let shape = try AttentionShape(queries: queries.shape, keys: keys.shape, values: values.shape)
    descriptor = try AttentionDescriptor(
      shape: shape, elementType: Element.attentionElementType, scale: scale, softcap: softcap, mask: mask,
      hasBooleanMask: booleanMask != nil, biasType: bias?.elementType)
    self.queries = queries.view
    self.keys = keys.view
    self.values = values.view
    self.booleanMask = try booleanMask.map { try broadcast($0, to: shape.scores, "booleanMask") }
    self.bias = try bias?.broadcast(to: shape.scores)
    biasShape = bias?.shape ?? []
  }

  /// Calls `body` with the problem that the inputs pose under `plan`; outputs are still absent.
  func withProblem<Result>(_ plan: AttentionPlan, _ body: (inout KernelProblem) throws -> Result) rethrows -> Result {
    defer { withExtendedLifetime(self) {} }
    var problem = KernelProblem(plan)
    problem.query = KernelOperand(queries)
    problem.key = KernelOperand(keys)
    problem.value = KernelOperand(values)
    problem.mask = booleanMask.map { KernelOperand(mask: $0) } ?? .absent
    problem.bias = bias?.kernelOperand ?? .absent
    return try body(&problem)
  }
}

extension AttentionBias {
  fileprivate func broadcast(to scores: [Int]) throws -> AttentionBias {
    switch storage {
    case .float32(let view): AttentionBias(try FlashAttention.broadcast(view, to: scores, "bias"))
    case .float16(let view): AttentionBias(try FlashAttention.broadcast(view, to: scores, "bias"))
    case .bfloat16(let view): AttentionBias(try FlashAttention.broadcast(view, to: scores, "bias"))
    }
  }

  fileprivate var kernelOperand: KernelOperand {
    switch storage {
    case .float32(let view): KernelOperand(view)
    case .float16(let view): KernelOperand(view)
    case .bfloat16(let view): KernelOperand(view)
    }
  }
}

/// Broadcasts an operand of the scores, with the argument's own name in the error.
private func broadcast<Element>(
  _ view: TensorView<Element>, to scores: [Int], _ argument: String
) throws -> TensorView<Element> {
  do {
    return try view.broadcast(to: scores)
  } catch {
    throw AttentionError.invalidArgument(
      argument, was: "\(view.shape)", expected: "a shape that broadcasts to [B, Hq, Sq, Sk] = \(scores)")
  }
}
