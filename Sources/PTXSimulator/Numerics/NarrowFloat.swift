/// A format of floating-point numbers with fewer bits than fp32.
struct NarrowFloat {
  let exponentBits: UInt32
  let mantissaBits: UInt32

  static let float16 = NarrowFloat(exponentBits: 5, mantissaBits: 10)
  static let bfloat16 = NarrowFloat(exponentBits: 8, mantissaBits: 7)
  /// The upper 19 bits of fp32.
  static let tf32 = NarrowFloat(exponentBits: 8, mantissaBits: 10)

  /// The bits of the nearest number of this format in the direction of the rounding. NaN becomes the canonical one,
  /// 0x7FFF for 16 bits.
  @inline(__always)
  func bits(_ number: Float, _ rounding: Rounding = .nearestEven) -> UInt32 {
    let source = number.bitPattern
    let isNegative = source >> 31 != 0
    let sign = (source >> 31) << (exponentBits + mantissaBits)
    let infinity = ((1 << exponentBits) - 1) << mantissaBits as UInt32
    let magnitude = source & 0x7fff_ffff
    if magnitude >= 0x7f80_0000 {
      return magnitude > 0x7f80_0000 ? infinity | ((1 << mantissaBits) - 1) : sign | infinity
    }
    let field = Int32(magnitude >> 23)
    let significand = field == 0 ? magnitude : (magnitude & 0x7f_ffff) | 0x80_0000
    let exponent = max(field, 1) - 127
    let bias = Int32(1 << (exponentBits - 1)) - 1
    let below = max(1 - bias - exponent, 0)
    let shift = UInt32(min(23 - Int32(mantissaBits) + below, 31))
    var quotient = significand >> shift
    let rest = significand & ((1 << shift) - 1)
    let half = shift == 0 ? 1 : (1 as UInt32) << (shift - 1)
    switch rounding {
    case .nearestEven: if rest > half || (rest == half && quotient & 1 == 1) { quotient += 1 }
    case .nearestAway: if rest >= half && rest != 0 { quotient += 1 }
    case .zero: break
    case .down: if isNegative && rest != 0 { quotient += 1 }
    case .up: if !isNegative && rest != 0 { quotient += 1 }
    }
    // A carry out of the significand is one more in the exponent.
    let base = below > 0 ? 0 : UInt32(exponent + bias - 1) << mantissaBits
    let result = base + quotient
    guard result >= infinity else { return sign | result }
    let isClamped = rounding == .zero || (rounding == .down && !isNegative) || (rounding == .up && isNegative)
    return sign | (isClamped ? infinity - 1 : infinity)
  }
}

/// Numbers of 16 bits as fp32.
enum Half {
  @inline(__always) static func float16(_ bits: UInt32) -> Float {
    let magnitude = (bits & 0x7fff) << 13
    // The difference of the biases; subnormal numbers come out right as well.
    var result = Float(bitPattern: magnitude) * 0x1p112
    if magnitude >= 0x7c00 << 13 { result = Float(bitPattern: result.bitPattern | 0x7f80_0000) }
    return Float(bitPattern: result.bitPattern | (bits & 0x8000) << 16)
  }

  @inline(__always) static func bfloat16(_ bits: UInt32) -> Float { Float(bitPattern: bits << 16) }
}
