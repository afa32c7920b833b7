import FlashAttention

extension ReferenceAttention {
  /// What is rounded on the way from the inputs to the results.
  public enum Precision: Sendable, Hashable {
    /// Nothing beyond fp64: the oracle.
    case exact
    /// Materialised attention in an element type, the yardstick of the contract: every matrix that it stores is rounded
    /// to the type, and sums are fp32.
    case materialized(AttentionElementType)
  }
}

extension ReferenceAttention.Precision {
  /// A partial sum as it is held.
  @inline(__always)
  func sum(_ value: Double) -> Double {
    switch self {
    case .exact: value
    case .materialized: Double(Float(value))
    }
  }

  /// An element of a matrix as it is stored.
  @inline(__always)
  func stored(_ value: Double) -> Double {
    switch self {
    case .exact: value
    case .materialized(let type): type.rounded(value)
    }
  }
}

extension AttentionElementType {
  /// The nearest number of the type.
  public func rounded(_ value: Double) -> Double {
    switch self {
    case .float32: return Double(Float(value))
    case .float16: return Double(Float16(value))
    case .bfloat16:
      guard value.isFinite else { return value }
      let bits = Float(value).bitPattern
      let halfway: UInt32 = 0x7fff
      return Double(Float(bitPattern: (bits &+ halfway &+ ((bits >> 16) & 1)) & 0xffff_0000))
    }
  }
}
