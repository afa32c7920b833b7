import KernelIntrinsics

/// Four vectors whose values do not depend on each other.
typealias VectorQuadruple = InlineArray<4, Vector>

#if ISA_AVX512
  /// 2ˣ = 2^floor(x) · 2ˢ · 2ᶠ with s a multiple of 1/32 and f in [0, 1/32]: 2ˢ comes from a table in two registers,
  /// and 2ᶠ is a polynomial of degree 2 that minimises the relative error with the value 1 at f = 0 held fixed.
  ///
  /// That takes two multiply-adds and a product where a polynomial alone takes five multiply-adds.
  private enum Exponential2 {
    static var coefficient2: Float { @inline(__always) get { 0.24265170097351074 } }
    static var coefficient1: Float { @inline(__always) get { 0.6931237578392029 } }
  }

  extension VectorQuadruple {
    /// 2ˣ of each, as ``Vector/exponentiated2``.
    @inline(__always)
    var exponentiated2: VectorQuadruple {
      var result = self
      for index in 0..<4 { result[index] = self[index].exponentiated2 }
      return result
    }
  }

  extension Vector {
    /// 2ˣ with a relative error below 2 · 10⁻⁷, for x ≤ 127; exactly 1 at 0, 0 at −∞, NaN at NaN.
    @inline(__always)
    var exponentiated2: Vector {
      let fraction = kernel_step_fraction16(self)
      let power = kernel_step_power16(self)
      let slope = Vector(repeating: Exponential2.coefficient1)
        .adding(product: fraction, Vector(repeating: Exponential2.coefficient2))
      // The scaling instruction takes 2^floor(x) from x itself and underflows correctly.
      return kernel_scale16(power.adding(product: fraction * power, slope), self)
    }
  }
#else
  extension VectorQuadruple {
    /// 2ˣ of each, as ``Vector/exponentiated2``.
    ///
    /// An exponential is one long chain of operations, each of which waits for the one before. Here the four go step by
    /// step, so that the processor, which looks ahead only so far, has four chains to work on.
    @inline(__always)
    var exponentiated2: VectorQuadruple {
      var result = self
      for index in 0..<4 { result[index] = Exponential2.clamped(result[index]) }
      var powers: VectorQuadruple = [.zeros, .zeros, .zeros, .zeros]
      for index in 0..<4 { powers[index] = Exponential2.power(result[index]) }
      powers.keepInStep()
      var fractions: VectorQuadruple = [.zeros, .zeros, .zeros, .zeros]
      for index in 0..<4 { fractions[index] = Exponential2.fraction(result[index], powers[index]) }
      fractions.keepInStep()
      @inline(__always)
      func addTerm(_ coefficient: Float) {
        for index in 0..<4 {
          result[index] = Vector(repeating: coefficient).adding(product: result[index], fractions[index])
        }
        result.keepInStep()
      }
      for index in 0..<4 { result[index] = Vector(repeating: Exponential2.coefficient5) }
      addTerm(Exponential2.coefficient4)
      addTerm(Exponential2.coefficient3)
      addTerm(Exponential2.coefficient2)
      addTerm(Exponential2.coefficient1)
      addTerm(1)
      for index in 0..<4 { result[index] = Exponential2.scale(result[index], powers[index]) }
      return result
    }

    /// Keeps the compiler from ordering what follows by vectors instead of by steps, which it does to need fewer
    /// registers.
    @inline(__always)
    private mutating func keepInStep() {
      #if ISA_AVX2
        for index in 0..<3 { self[index] = kernel_after8(self[index], self[3]) }
      #else
        for index in 0..<3 { self[index] = kernel_after4(self[index], self[3]) }
      #endif
    }
  }

  /// The steps of 2ˣ: x = n + f with n an integer and f in [-1/2, 1/2]; 2ᶠ is a polynomial of degree 5 that minimises
  /// the relative error with the value 1 at f = 0 held fixed, and 2ⁿ enters through the exponent bits.
  private enum Exponential2 {
    static var coefficient5: Float { @inline(__always) get { 0.001326472731307149 } }
    static var coefficient4: Float { @inline(__always) get { 0.009671512991189957 } }
    static var coefficient3: Float { @inline(__always) get { 0.05550733581185341 } }
    static var coefficient2: Float { @inline(__always) get { 0.24022242426872253 } }
    static var coefficient1: Float { @inline(__always) get { 0.6931470036506653 } }

    private static var magic: Vector { @inline(__always) get { Vector(repeating: 12_582_912 + 127) } }

    /// Below -127 the exponent would wrap, and at -127 its bits are those of zero: whatever is smaller becomes 0 there.
    @inline(__always)
    static func clamped(_ x: Vector) -> Vector { x.maximum(Vector(repeating: -127)) }

    /// Adding the magic number rounds to an integer and leaves it, biased like an exponent, in the low bits.
    @inline(__always)
    static func power(_ x: Vector) -> Vector { x + magic }

    @inline(__always)
    static func fraction(_ x: Vector, _ power: Vector) -> Vector { x - (power - magic) }

    /// A product, not an addition to the exponent bits, so that NaN stays NaN.
    @inline(__always)
    static func scale(_ mantissa: Vector, _ power: Vector) -> Vector {
      mantissa * unsafeBitCast(unsafeBitCast(power, to: VectorBits.self) &<< 23, to: Vector.self)
    }
  }

  extension Vector {
    /// 2ˣ with a relative error below 2 · 10⁻⁷, for x ≤ 127; exactly 1 at 0, 0 at −∞, NaN at NaN.
    @inline(__always)
    var exponentiated2: Vector {
      let x = Exponential2.clamped(self)
      let power = Exponential2.power(x)
      let fraction = Exponential2.fraction(x, power)
      var result = Vector(repeating: Exponential2.coefficient5)
      result = Vector(repeating: Exponential2.coefficient4).adding(product: result, fraction)
      result = Vector(repeating: Exponential2.coefficient3).adding(product: result, fraction)
      result = Vector(repeating: Exponential2.coefficient2).adding(product: result, fraction)
      result = Vector(repeating: Exponential2.coefficient1).adding(product: result, fraction)
      result = Vector(repeating: 1).adding(product: result, fraction)
      return Exponential2.scale(result, power)
    }
  }
#endif

extension Vector {
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
