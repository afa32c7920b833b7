// `Float` has more than twice the precision and the same exponents, so that rounding its result of one operation to
// BFloat16 gives what rounding the exact result would (Figueroa, "When is double rounding innocuous?", 1995).
extension BFloat16 {
  /// The sum, rounded once.
  @inlinable
  public static func + (left: BFloat16, right: BFloat16) -> BFloat16 {
    BFloat16(Float(left) + Float(right))
  }

  /// The difference, rounded once.
  @inlinable
  public static func - (left: BFloat16, right: BFloat16) -> BFloat16 {
    BFloat16(Float(left) - Float(right))
  }

  /// The product, rounded once.
  @inlinable
  public static func * (left: BFloat16, right: BFloat16) -> BFloat16 {
    BFloat16(Float(left) * Float(right))
  }

  /// The quotient, rounded once.
  @inlinable
  public static func / (left: BFloat16, right: BFloat16) -> BFloat16 {
    BFloat16(Float(left) / Float(right))
  }

  /// Replaces the left value by the sum.
  @inlinable
  public static func += (left: inout BFloat16, right: BFloat16) {
    left = left + right
  }

  /// Replaces the left value by the difference.
  @inlinable
  public static func -= (left: inout BFloat16, right: BFloat16) {
    left = left - right
  }

  /// Replaces the left value by the product.
  @inlinable
  public static func *= (left: inout BFloat16, right: BFloat16) {
    left = left * right
  }

  /// Replaces the left value by the quotient.
  @inlinable
  public static func /= (left: inout BFloat16, right: BFloat16) {
    left = left / right
  }

  /// The number with the other sign.
  @inlinable
  public static prefix func - (operand: BFloat16) -> BFloat16 {
    BFloat16(bitPattern: operand.bitPattern ^ 0x8000)
  }

  /// Replaces the number by the one with the other sign.
  @inlinable
  public mutating func negate() {
    bitPattern ^= 0x8000
  }

  /// The number with a positive sign.
  @inlinable
  public var magnitude: BFloat16 {
    BFloat16(bitPattern: bitPattern & 0x7FFF)
  }

  /// Replaces the number by its square root, rounded once.
  @inlinable
  public mutating func formSquareRoot() {
    self = BFloat16(Float(self).squareRoot())
  }

  /// Adds the product of two numbers, rounding once.
  @inlinable
  public mutating func addProduct(_ left: BFloat16, _ right: BFloat16) {
    // The product is exact in `Double`. The sum may not be; its rounding error, which the two-sum algorithm computes
    // exactly, tells on which side of the sum the exact value lies, and so how to round it to odd.
    let product = Double(left) * Double(right)
    let addend = Double(self)
    let sum = product + addend
    let addedPart = sum - product
    let error = (product - (sum - addedPart)) + (addend - addedPart)
    // The magnitude of a NaN, from an infinite sum, is not above zero either.
    guard error.magnitude > 0, sum.bitPattern & 1 == 0 else {
      self = BFloat16(sum)
      return
    }
    let isTooLarge = (error < 0) == (sum > 0)
    self = BFloat16(Double(bitPattern: isTooLarge ? sum.bitPattern - 1 : sum.bitPattern + 1))
  }

  /// Replaces the number by its remainder against `other`, from the quotient rounded to nearest; always exact.
  @inlinable
  public mutating func formRemainder(dividingBy other: BFloat16) {
    self = BFloat16(Float(self).remainder(dividingBy: Float(other)))
  }

  /// Replaces the number by its remainder against `other`, from the quotient rounded towards zero; always exact.
  @inlinable
  public mutating func formTruncatingRemainder(dividingBy other: BFloat16) {
    self = BFloat16(Float(self).truncatingRemainder(dividingBy: Float(other)))
  }

  /// Rounds the number to an integer.
  @inlinable
  public mutating func round(_ rule: FloatingPointRoundingRule) {
    self = BFloat16(Float(self).rounded(rule))
  }
}
