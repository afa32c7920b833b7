/// A 16-bit floating-point number with the range of `Float` and eight bits of precision: bfloat16.
///
/// The sixteen bits are the upper half of the `Float` of the same value: a sign, eight bits of exponent and seven of
/// significand. Every value is therefore exactly a `Float`, and arithmetic computes in `Float` and rounds once, to the
/// nearest value and to the even one of two that are equally near.
@frozen
public struct BFloat16: TensorElement {
  /// The sign, exponent and significand as they lie in memory and in files.
  public var bitPattern: UInt16

  /// The number with the given sign, exponent and significand bits.
  @inlinable
  public init(bitPattern: UInt16) {
    self.bitPattern = bitPattern
  }

  public static var elementType: ElementType { .bfloat16 }
}

// MARK: Constants

extension BFloat16 {
  /// A quiet NaN.
  @inlinable public static var nan: BFloat16 { BFloat16(bitPattern: 0x7FC0) }

  /// A NaN that signals an invalid operation where it is used.
  @inlinable public static var signalingNaN: BFloat16 { BFloat16(bitPattern: 0x7FA0) }

  /// Positive infinity.
  @inlinable public static var infinity: BFloat16 { BFloat16(bitPattern: 0x7F80) }

  /// The greatest finite number, (2 − 2⁻⁷) · 2¹²⁷.
  @inlinable public static var greatestFiniteMagnitude: BFloat16 { BFloat16(bitPattern: 0x7F7F) }

  /// The least positive number with the full precision, 2⁻¹²⁶.
  @inlinable public static var leastNormalMagnitude: BFloat16 { BFloat16(bitPattern: 0x0080) }

  /// The least positive number, 2⁻¹³³.
  @inlinable public static var leastNonzeroMagnitude: BFloat16 { BFloat16(bitPattern: 0x0001) }

  /// The distance from one to the next greater number, 2⁻⁷.
  @inlinable public static var ulpOfOne: BFloat16 { BFloat16(bitPattern: 0x3C00) }

  /// Positive zero.
  @inlinable public static var zero: BFloat16 { BFloat16(bitPattern: 0) }

  /// The greatest number that is not greater than π.
  @inlinable public static var pi: BFloat16 { BFloat16(bitPattern: 0x4049) }
}
