/// What is asked of attention, without the data: a plain value from which a plan is made.
public struct AttentionDescriptor: Sendable, Hashable {
  /// The sizes of the problem.
  public let shape: AttentionShape
  /// The element type of queries, keys, values and output.
  public let elementType: AttentionElementType
  /// The factor of Q Kᵀ.
  public let scale: Float
  /// The cap c of S ← c · tanh(S / c), or nil for none.
  public let softcap: Float?
  /// The positional mask.
  public let mask: AttentionMask
  /// Whether a boolean mask of the scores is given as well.
  public let hasBooleanMask: Bool
  /// The element type of an additive bias, or nil for none.
  public let biasType: AttentionElementType?

  /// Checks and holds what is asked.
  ///
  /// - Parameters:
  ///   - shape: The sizes of the problem.
  ///   - elementType: The element type of queries, keys, values and output.
  ///   - scale: The factor of Q Kᵀ; nil for 1/√D.
  ///   - softcap: The cap of the scores, between 2⁻¹⁰⁰ and 2¹⁰⁰; nil for none.
  ///   - mask: The positional mask.
  ///   - hasBooleanMask: Whether a boolean mask of the scores is given as well.
  ///   - biasType: The element type of an additive bias; nil for none.
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for a scale that is not finite or a cap outside its
  ///   bounds.
  public init(
    shape: AttentionShape, elementType: AttentionElementType, scale: Float? = nil, softcap: Float? = nil,
    mask: AttentionMask = .full, hasBooleanMask: Bool = false, biasType: AttentionElementType? = nil
  ) throws {
    if let scale, !scale.isFinite {
      throw AttentionError.invalidArgument("scale", was: "\(scale)", expected: "a finite number")
    }
    // Beyond these bounds S / cap or its multiples leave the range of fp32.
    if let softcap, !(softcap >= 0x1p-100 && softcap <= 0x1p100) {
      throw AttentionError.invalidArgument(
        "softcap", was: "\(softcap)", expected: "a positive number between 2^-100 and 2^100")
    }
    self.shape = shape
    self.elementType = elementType
    self.scale = scale ?? 1 / Float(shape.headDimension).squareRoot()
    self.softcap = softcap
    self.mask = mask
    self.hasBooleanMask = hasBooleanMask
    self.biasType = biasType
  }
}

/// What of attention is computed.
public enum AttentionDirection: String, Sendable, Hashable, CaseIterable {
  /// The output and the log-sum-exp.
  case forward
  /// The gradients, given the output and the log-sum-exp.
  case backward
}
