extension Vector {
  /// ln x with a relative error below 3 · 10⁻⁷, for normal numbers x > 0; ∞ at ∞, NaN at NaN.
  ///
  /// x = 2ᵏ · m with m between √½ and √2, and ln m = 2 artanh s = 2s + ⅔s³ + ⅖s⁵ + … with s = (m − 1) / (m + 1), of
  /// which
  /// |s| < 0.172 makes five terms enough.
  @inline(__always)
  var naturalLogarithm: Vector {
    let rootOfHalf = VectorBits(repeating: Float(0.5).squareRoot().bitPattern)
    let offset = unsafeBitCast(self, to: VectorBits.self) &- rootOfHalf
    // The exponent of x / √½, made a number by placing it in the low bits of a large one.
    let magic: Float = 12_582_912
    let exponentBits = unsafeBitCast(unsafeBitCast(offset, to: VectorIndices.self) &>> 23, to: VectorBits.self)
    let exponent = unsafeBitCast(exponentBits &+ VectorBits(repeating: magic.bitPattern), to: Vector.self) - magic
    let m = unsafeBitCast((offset & VectorBits(repeating: 0x7f_ffff)) &+ rootOfHalf, to: Vector.self)
    let s = (m - 1) / (m + 1)
    let z = s * s
    var series = Vector(repeating: 2 / 9)
    series = Vector(repeating: 2 / 7).adding(product: series, z)
    series = Vector(repeating: 2 / 5).adding(product: series, z)
    series = Vector(repeating: 2 / 3).adding(product: series, z)
    series = Vector(repeating: 2).adding(product: series, z)
    let logarithm = (s * series).adding(product: exponent, Vector(repeating: naturalLogarithmOf2))
    return logarithm.replacing(with: self, where: .!(self .< Vector(repeating: .infinity)))
  }
}
