/// Arithmetic of fp32 with a rounding other than to nearest even: the exact result is a sum of two fp64 numbers.
enum DirectedRounding {
  /// The fp32 number next to `high + low` in the direction of the rounding, where |low| is less than half a unit of
  /// `high`.
  static func round(_ high: Double, _ low: Double, _ rounding: Rounding) -> Float {
    let nearest = Float(high)
    guard rounding != .nearestEven, high.isFinite else { return nearest }
    if nearest.isInfinite {
      let isClamped = rounding == .zero || (rounding == .down) == (high > 0)
      return isClamped ? Float(signOf: nearest, magnitudeOf: .greatestFiniteMagnitude) : nearest
    }
    let difference = Double(nearest) - high
    let isAbove = difference > 0 || (difference == 0 && low < 0)
    let isBelow = difference < 0 || (difference == 0 && low > 0)
    switch rounding {
    case .down: return isAbove ? nearest.nextDown : nearest
    case .up: return isBelow ? nearest.nextUp : nearest
    case .zero:
      if high > 0 { return isAbove ? nearest.nextDown : nearest }
      return isBelow ? nearest.nextUp : nearest
    case .nearestEven, .nearestAway: return nearest
    }
  }

  static func sum(_ a: Double, _ b: Double, _ rounding: Rounding) -> Float {
    let high = a + b
    let part = high - a
    return round(high, (a - (high - part)) + (b - part), rounding)
  }

  static func product(_ a: Float, _ b: Float, _ rounding: Rounding) -> Float {
    round(Double(a) * Double(b), 0, rounding)
  }

  static func quotient(_ a: Float, _ b: Float, _ rounding: Rounding) -> Float {
    let high = Double(a) / Double(b)
    guard high.isFinite else { return Float(high) }
    // The sign of the rest says on which side of `high` the quotient lies.
    let remainder = Double(a).addingProduct(-high, Double(b))
    return round(high, b < 0 ? -remainder : remainder, rounding)
  }

  static func squareRoot(_ a: Float, _ rounding: Rounding) -> Float {
    let high = Double(a).squareRoot()
    guard high.isFinite else { return Float(high) }
    return round(high, Double(a).addingProduct(-high, high), rounding)
  }

  /// A sum in fp32 whose last bit is set where the sum is not exact, so that rounding it to half the digits is right.
  static func oddSum(_ a: Double, _ b: Double) -> Float {
    let towardsZero = sum(a, b, .zero)
    let isExact = Double(towardsZero) - a == b && Double(towardsZero) - b == a
    return isExact || !towardsZero.isFinite ? towardsZero : Float(bitPattern: towardsZero.bitPattern | 1)
  }
}
