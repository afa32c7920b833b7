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

// Loops over terms are here and not at their callers, so that the precision is looked at once per loop.
extension ReferenceAttention.Precision {
  /// The product of two rows of `count` elements.
  func product(_ a: Span<Double>, at i: Int, _ b: Span<Double>, at j: Int, count: Int) -> Double {
    switch self {
    case .exact:
      var sum = 0.0
      for index in 0..<count { sum += a[i + index] * b[j + index] }
      return sum
    case .materialized:
      var sum: Float = 0
      for index in 0..<count { sum = Float(Double(sum) + a[i + index] * b[j + index]) }
      return Double(sum)
    }
  }

  /// Adds a row of `count` elements times a factor to another row.
  func add(_ factor: Double, times row: Span<Double>, at i: Int, to sums: inout [Double], at j: Int, count: Int) {
    switch self {
    case .exact:
      for index in 0..<count { sums[j + index] += factor * row[i + index] }
    case .materialized:
      for index in 0..<count { sums[j + index] = Double(Float(sums[j + index] + factor * row[i + index])) }
    }
  }

  /// A number as it is held in a register.
  func held(_ value: Double) -> Double {
    switch self {
    case .exact: value
    case .materialized: Double(Float(value))
    }
  }

  /// An element of a matrix as it is stored.
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
