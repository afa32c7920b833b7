extension BFloat16 {
  /// The number nearest to `value`, and of two equally near ones the even one.
  ///
  /// A value beyond the range becomes an infinity, and a NaN becomes a quiet NaN that keeps the upper bits of its
  /// payload.
  @inlinable
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      self.init(bitPattern: UInt16(truncatingIfNeeded: bits >> 16) | 0x0040)
      return
    }
    // Half a unit of the last place that is kept, less one bit unless that place is odd: ties go to even. The carry
    // runs into the exponent, which is what makes the greatest magnitudes infinite.
    let rounded = bits &+ 0x7FFF &+ (bits >> 16 & 1)
    self.init(bitPattern: UInt16(truncatingIfNeeded: rounded >> 16))
  }

  /// The number nearest to `value`, and of two equally near ones the even one, rounded once.
  @inlinable
  public init(_ value: Double) {
    let nearest = Float(value)
    let widened = Double(nearest)
    let isExact = widened == value
    self.init(isExact ? nearest : nearest.oddNeighbour(isTooLarge: widened.magnitude > value.magnitude))
  }

  #if arch(x86_64) || arch(i386)
    /// The number nearest to `value`, and of two equally near ones the even one, rounded once.
    @inlinable
    public init(_ value: Float80) {
      let nearest = Float(value)
      let widened = Float80(nearest)
      let isExact = widened == value
      self.init(isExact ? nearest : nearest.oddNeighbour(isTooLarge: widened.magnitude > value.magnitude))
    }
  #endif

  /// The number nearest to `value`, and of two equally near ones the even one.
  @inlinable
  public init(_ value: Float16) {
    self.init(Float(value))
  }
}

extension Float {
  /// Exactly the value of `value`.
  @inlinable
  public init(_ value: BFloat16) {
    self.init(bitPattern: UInt32(value.bitPattern) << 16)
  }

  /// Of the two numbers around an exact value that this one was rounded from, the one with an odd significand.
  ///
  /// A value rounded to odd can be rounded again to a format that is at least two bits narrower, with the result of
  /// rounding the exact value once: an odd number is never a tie of the narrower format.
  ///
  /// - Parameter isTooLarge: Whether the magnitude of this number is above that of the exact value.
  @inlinable
  func oddNeighbour(isTooLarge: Bool) -> Float {
    if bitPattern & 1 == 1 { return self }
    return Float(bitPattern: isTooLarge ? bitPattern &- 1 : bitPattern &+ 1)
  }
}

extension Double {
  /// Exactly the value of `value`.
  @inlinable
  public init(_ value: BFloat16) {
    self.init(Float(value))
  }
}

extension Float16 {
  /// The number nearest to `value`, and of two equally near ones the even one.
  @inlinable
  public init(_ value: BFloat16) {
    self.init(Float(value))
  }
}
