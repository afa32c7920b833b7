extension BFloat16: BinaryFloatingPoint {
  public typealias Magnitude = BFloat16
  public typealias Stride = BFloat16
  public typealias Exponent = Int
  public typealias RawExponent = UInt
  public typealias RawSignificand = UInt16

  @inlinable public static var exponentBitCount: Int { 8 }
  @inlinable public static var significandBitCount: Int { 7 }

  /// The number with the given parts of the bit pattern; of each, only the bits that the format has count.
  @inlinable
  public init(sign: FloatingPointSign, exponentBitPattern: UInt, significandBitPattern: UInt16) {
    let signBit: UInt16 = sign == .minus ? 0x8000 : 0
    let exponentBits = UInt16(truncatingIfNeeded: exponentBitPattern & 0xFF) << 7
    self.init(bitPattern: signBit | exponentBits | significandBitPattern & 0x7F)
  }

  /// The number (−1)^sign · `significand` · 2^`exponent`, rounded once.
  @inlinable
  public init(sign: FloatingPointSign, exponent: Int, significand: BFloat16) {
    self.init(Float(sign: sign, exponent: exponent, significand: Float(significand)))
  }

  /// The number with the sign of one and the magnitude of another.
  @inlinable
  public init(signOf: BFloat16, magnitudeOf: BFloat16) {
    self.init(bitPattern: signOf.bitPattern & 0x8000 | magnitudeOf.bitPattern & 0x7FFF)
  }

  @inlinable public var sign: FloatingPointSign { bitPattern & 0x8000 == 0 ? .plus : .minus }
  @inlinable public var exponentBitPattern: UInt { UInt(bitPattern >> 7 & 0xFF) }
  @inlinable public var significandBitPattern: UInt16 { bitPattern & 0x7F }
}

// MARK: Parts of the value

// The exponents of `Float` are the same and its significands contain these, so its answers are the answers here.
extension BFloat16 {
  @inlinable public var exponent: Int { Float(self).exponent }
  @inlinable public var significand: BFloat16 { BFloat16(Float(self).significand) }
  @inlinable public var significandWidth: Int { Float(self).significandWidth }
  @inlinable public var binade: BFloat16 { BFloat16(Float(self).binade) }

  /// The distance to the next number of greater magnitude; NaN where the number is not finite.
  @inlinable
  public var ulp: BFloat16 {
    guard isFinite else { return .nan }
    let exponentBits = Int(exponentBitPattern)
    if exponentBits > 7 { return BFloat16(bitPattern: UInt16(exponentBits - 7) << 7) }
    return BFloat16(bitPattern: 1 << UInt16(max(exponentBits - 1, 0)))
  }

  /// The least number above this one; infinity and NaN are their own.
  @inlinable
  public var nextUp: BFloat16 {
    if isNaN || self == .infinity { return self + 0 }
    if isZero { return .leastNonzeroMagnitude }
    return BFloat16(bitPattern: sign == .plus ? bitPattern + 1 : bitPattern - 1)
  }
}

// MARK: Classes of values

extension BFloat16 {
  @inlinable public var isZero: Bool { bitPattern & 0x7FFF == 0 }
  @inlinable public var isFinite: Bool { bitPattern & 0x7F80 != 0x7F80 }
  @inlinable public var isInfinite: Bool { bitPattern & 0x7FFF == 0x7F80 }
  @inlinable public var isNaN: Bool { bitPattern & 0x7FFF > 0x7F80 }
  @inlinable public var isSignalingNaN: Bool { isNaN && bitPattern & 0x0040 == 0 }
  @inlinable public var isNormal: Bool { isFinite && bitPattern & 0x7F80 != 0 }
  @inlinable public var isSubnormal: Bool { bitPattern & 0x7F80 == 0 && !isZero }
  @inlinable public var isCanonical: Bool { true }
}

// MARK: Distances

extension BFloat16 {
  @inlinable
  public func distance(to other: BFloat16) -> BFloat16 {
    other - self
  }

  @inlinable
  public func advanced(by distance: BFloat16) -> BFloat16 {
    self + distance
  }
}
