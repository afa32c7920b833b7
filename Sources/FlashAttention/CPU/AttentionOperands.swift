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

  /// Checks the inputs: the one place where shapes meet.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first argument that does not fit.
  init(
    _ descriptor: AttentionDescriptor, queries: some StridedTensor<Element>, keys: some StridedTensor<Element>,
    values: some StridedTensor<Element>, booleanMask: TensorView<Bool>?, bias: AttentionBias?
  ) throws {
    let shape = descriptor.shape
    self.queries = queries.view
    self.keys = keys.view
    self.values = values.view
    self.booleanMask = booleanMask
    self.bias = bias
    if Element.attentionElementType != descriptor.elementType {
      throw AttentionError.invalidArgument(
        "queries", was: "elements of type \(Element.attentionElementType.rawValue)",
        expected: "\(descriptor.elementType.rawValue), for which the plan was made")
    }
    try requireAxes("queries", self.queries.shape, shape.queryAxes, "[B, Hq, Sq, D]")
    try requireAxes("keys", self.keys.shape, shape.keyAxes, "[B, Hkv, Sk, D]")
    try requireAxes("values", self.values.shape, shape.valueAxes, "[B, Hkv, Sk, Dv]")
    if (booleanMask != nil) != descriptor.hasBooleanMask {
      throw AttentionError.invalidArgument(
        "booleanMask", was: booleanMask == nil ? "nil" : "a mask",
        expected: "\(descriptor.hasBooleanMask ? "a mask" : "nil"), for which the plan was made")
    }
    if bias?.elementType != descriptor.biasType {
      throw AttentionError.invalidArgument(
        "bias", was: Self.description(bias?.elementType),
        expected: "\(Self.description(descriptor.biasType)), for which the plan was made")
    }
    if let booleanMask { try Self.requireBroadcast("booleanMask", booleanMask.shape, shape.scoreAxes) }
    if let bias { try Self.requireBroadcast("bias", bias.shape, shape.scoreAxes) }
  }

  /// The problem that the inputs pose under `plan`; outputs are still absent. It is valid as long as this is kept alive.
  func problem(_ plan: AttentionPlan) -> KernelProblem {
    var problem = KernelProblem(plan)
    problem.query = KernelOperand(queries)
    problem.key = KernelOperand(keys)
    problem.value = KernelOperand(values)
    if let booleanMask { problem.mask = KernelOperand(mask: booleanMask) }
    if let bias { problem.bias = bias.kernelOperand }
    return problem
  }

  private static func requireBroadcast(_ argument: String, _ shape: [Int], _ scores: Axes) throws {
    guard scores.acceptBroadcast(of: shape) else {
      throw AttentionError.invalidArgument(
        argument, was: "\(shape)", expected: "a shape that broadcasts to [B, Hq, Sq, Sk] = \(scores.sizes)")
    }
  }

  private static func description(_ biasType: AttentionElementType?) -> String {
    biasType.map { "a bias of type \($0.rawValue)" } ?? "nil"
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

/// Checks the shape of an argument.
func requireAxes(_ argument: String, _ shape: [Int], _ axes: Axes, _ letters: String) throws {
  guard axes.match(shape) else { throw AttentionError.unexpectedShape(argument, shape, axes.sizes, letters) }
}

extension AttentionError {
  static func unexpectedShape(
    _ argument: String, _ shape: [Int], _ expected: [Int], _ letters: String
  ) -> AttentionError {
    .invalidArgument(argument, was: "\(shape)", expected: "\(letters) = \(expected)")
  }
}
