/// The shapes and types of a call's operands, wherever they lie: the one place where shapes meet.
///
/// Nothing here allocates unless something does not fit, so that a planned call does not.
struct OperandShapes {
  let elementType: AttentionElementType
  let queries: [Int]
  let keys: [Int]
  let values: [Int]
  let booleanMask: [Int]?
  let bias: (shape: [Int], elementType: AttentionElementType)?

  /// Checks them against what the plan or the descriptor of the call says about them.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first argument that does not fit.
  func check(_ descriptor: AttentionDescriptor) throws {
    let shape = descriptor.shape
    if elementType != descriptor.elementType {
      throw AttentionError.invalidArgument(
        "queries", was: "elements of type \(elementType.rawValue)",
        expected: "\(descriptor.elementType.rawValue), for which the plan was made")
    }
    try requireAxes("queries", queries, shape.queryAxes, "[B, Hq, Sq, D]")
    try requireAxes("keys", keys, shape.keyAxes, "[B, Hkv, Sk, D]")
    try requireAxes("values", values, shape.valueAxes, "[B, Hkv, Sk, Dv]")
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
    if let booleanMask { try Self.requireBroadcast("booleanMask", booleanMask, shape.scoreAxes) }
    if let bias { try Self.requireBroadcast("bias", bias.shape, shape.scoreAxes) }
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
