import KernelIntrinsics

extension Vector {
  /// 2ˣ with a relative error below 2 · 10⁻⁷, for x ≤ 127; exactly 1 at 0, 0 at −∞, NaN at NaN.
  ///
  /// x = n + f with n an integer; 2ᶠ is a polynomial of degree 5 that minimises the relative error with the value 1 at
  /// f = 0 held fixed, and 2ⁿ enters through the exponent bits.
  @inline(__always)
  var exponentiated2: Vector {
    #if ISA_AVX512
      // f in [0, 1); the scaling instruction takes 2^floor(x) from x itself and underflows correctly.
      let f = kernel_fraction16(self)
      var p = Vector(repeating: 0.0018671301659196615)
      p = Vector(repeating: 0.009017029777169228).adding(product: p, f)
      p = Vector(repeating: 0.05579991266131401).adding(product: p, f)
      p = Vector(repeating: 0.24016444385051727).adding(product: p, f)
      p = Vector(repeating: 0.6931512951850891).adding(product: p, f)
      p = Vector(repeating: 1).adding(product: p, f)
      return kernel_scale16(p, self)
    #else
      // Adding the magic number rounds to an integer and leaves it, biased like an exponent, in the low bits. Below
      // -127 the exponent would wrap, and at -127 its bits are those of zero: whatever is smaller becomes 0 there.
      let x = self.replacing(with: Vector(repeating: -127), where: self .< Vector(repeating: -127))
      let magic = Vector(repeating: 12_582_912 + 127)
      let shifted = x + magic
      let f = x - (shifted - magic)
      var p = Vector(repeating: 0.001326472731307149)
      p = Vector(repeating: 0.009671512991189957).adding(product: p, f)
      p = Vector(repeating: 0.05550733581185341).adding(product: p, f)
      p = Vector(repeating: 0.24022242426872253).adding(product: p, f)
      p = Vector(repeating: 0.6931470036506653).adding(product: p, f)
      p = Vector(repeating: 1).adding(product: p, f)
      // A product, not an addition to the exponent bits, so that NaN stays NaN.
      return p * unsafeBitCast(unsafeBitCast(shifted, to: VectorBits.self) &<< 23, to: Vector.self)
    #endif
  }

  /// tanh(x) with a relative error of a few units in the last place, also near 0; NaN at NaN.
  ///
  /// tanh |x| = m / (m + 2) with m = e^(2|x|) − 1, and with 2|x| = n · ln 2 + r,
  /// m = 2ⁿ · (eʳ − 1) + (2ⁿ − 1), which cancels nowhere.
  @inline(__always)
  var hyperbolicTangent: Vector {
    let signBit = VectorBits(repeating: 0x8000_0000)
    let bits = unsafeBitCast(self, to: VectorBits.self)
    let doubled = unsafeBitCast(bits & ~signBit, to: Vector.self) * 2
    // tanh(10) rounds to 1, so nothing is lost above, and 2ⁿ stays far from overflow.
    let y = doubled.replacing(with: Vector(repeating: 20), where: doubled .> Vector(repeating: 20))
    let magic = Vector(repeating: 12_582_912 + 127)
    let shifted = magic.adding(product: y, Vector(repeating: 1.442695040888963))
    let n = shifted - magic
    // ln 2 in two parts, the first with so few bits that n times it is exact.
    var r = y.adding(product: n, Vector(repeating: -0.693145751953125))
    r = r.adding(product: n, Vector(repeating: -1.42860682e-6))
    var q = Vector(repeating: 0.0013882522471249104)
    q = Vector(repeating: 0.00836651399731636).adding(product: q, r)
    q = Vector(repeating: 0.04166720062494278).adding(product: q, r)
    q = Vector(repeating: 0.1666654348373413).adding(product: q, r)
    q = Vector(repeating: 0.4999999701976776).adding(product: q, r)
    let exponential = r.adding(product: r * r, q)
    let power = unsafeBitCast(unsafeBitCast(shifted, to: VectorBits.self) &<< 23, to: Vector.self)
    let m = (power - 1).adding(product: power, exponential)
    let magnitude = m / (m + 2)
    return unsafeBitCast(unsafeBitCast(magnitude, to: VectorBits.self) | (bits & signBit), to: Vector.self)
  }
}
