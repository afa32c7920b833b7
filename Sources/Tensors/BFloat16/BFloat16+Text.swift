import Glibc

extension BFloat16: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// The number nearest to the literal's value as a `Double`.
  @inlinable
  public init(floatLiteral value: Double) {
    self.init(value)
  }

  /// The number nearest to the literal.
  @inlinable
  public init(integerLiteral value: Int64) {
    if let exact = Float(exactly: value) {
      self.init(exact)
    } else {
      self.init(value)
    }
  }
}

extension BFloat16: LosslessStringConvertible {
  /// The number nearest to the one that `text` writes, read as a `Double`; nil where `text` is not a number.
  public init?(_ text: String) {
    guard let value = Double(text) else { return nil }
    self.init(value)
  }

  /// The shortest decimal text that reads back to this number, and of several the nearest: `0.1`, `3.39e+38`.
  public var description: String {
    guard isFinite, !isZero else { return Float(self).description }
    let value = Double(magnitude)
    let exponent = Int(log10(value).rounded(.down))
    // Four digits tell all numbers with eight bits of precision apart.
    for places in 0..<4 {
      // The neighbours are tried too because the scaled value and the logarithm are themselves rounded.
      let scaled = Int((value * pow(10, Double(places - exponent))).rounded())
      let candidates = (scaled - 1...scaled + 1).compactMap { Double("\($0)e\(exponent - places)") }
      let readable = candidates.filter { BFloat16($0) == magnitude }
      if let nearest = readable.min(by: { abs($0 - value) < abs($1 - value) }) {
        return (sign == .minus ? "-" : "") + nearest.description
      }
    }
    return Double(self).description
  }
}
