extension BFloat16: Hashable, Comparable {
  /// Whether the values are equal: zeros of either sign are, and a NaN equals nothing.
  @inlinable
  public static func == (left: BFloat16, right: BFloat16) -> Bool {
    Float(left) == Float(right)
  }

  /// Whether the left value is below the right one; false where either is NaN.
  @inlinable
  public static func < (left: BFloat16, right: BFloat16) -> Bool {
    Float(left) < Float(right)
  }

  /// Whether the left value is not above the right one; false where either is NaN.
  @inlinable
  public static func <= (left: BFloat16, right: BFloat16) -> Bool {
    Float(left) <= Float(right)
  }

  /// Whether the left value is above the right one; false where either is NaN.
  @inlinable
  public static func > (left: BFloat16, right: BFloat16) -> Bool {
    Float(left) > Float(right)
  }

  /// Whether the left value is not below the right one; false where either is NaN.
  @inlinable
  public static func >= (left: BFloat16, right: BFloat16) -> Bool {
    Float(left) >= Float(right)
  }

  /// Feeds the value to a hasher, the same bits for zeros of either sign.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    hasher.combine(isZero ? 0 : bitPattern)
  }

  @inlinable
  public func isEqual(to other: BFloat16) -> Bool {
    self == other
  }

  @inlinable
  public func isLess(than other: BFloat16) -> Bool {
    self < other
  }

  @inlinable
  public func isLessThanOrEqualTo(_ other: BFloat16) -> Bool {
    self <= other
  }
}
