import KernelIntrinsics

/// The inputs of a call, checked against what the plan or the descriptor of the call says about them.
///
/// Nothing here allocates unless something does not fit, so that a planned call does not.
struct AttentionOperands<Element: AttentionElement>: Sendable {
  let queries: TensorView<Element>
  let keys: TensorView<Element>
  let values: TensorView<Element>
  let booleanMask: TensorView<Bool>?
  let bias: AttentionBias?

  /// Checks the inputs.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first argument that does not fit.
  init(
    _ descriptor: AttentionDescriptor, queries: some StridedTensor<Element>, keys: some StridedTensor<Element>,
    values: some StridedTensor<Element>, booleanMask: TensorView<Bool>?, bias: AttentionBias?
  ) throws {
    self.queries = queries.view
    self.keys = keys.view
    self.values = values.view
    self.booleanMask = booleanMask
    self.bias = bias
    try OperandShapes(
      elementType: Element.attentionElementType, queries: self.queries.shape, keys: self.keys.shape,
      values: self.values.shape, booleanMask: booleanMask?.shape, bias: bias.map { ($0.shape, $0.elementType) }
    ).check(descriptor)
  }

  /// The problem that the inputs pose under `plan`; outputs are still absent. It is valid as long as this is kept
  /// alive.
  func problem(_ plan: AttentionPlan) -> KernelProblem {
    var problem = KernelProblem(plan)
    problem.query = KernelOperand(queries)
    problem.key = KernelOperand(keys)
    problem.value = KernelOperand(values)
    if let booleanMask { problem.mask = KernelOperand(mask: booleanMask) }
    if let bias { problem.bias = bias.kernelOperand }
    return problem
  }
}

extension AttentionBias {
  fileprivate var kernelOperand: KernelOperand {
    switch storage {
    case .float32(let view): KernelOperand(bias: view)
    case .float16(let view): KernelOperand(bias: view)
    case .bfloat16(let view): KernelOperand(bias: view)
    }
  }
}
