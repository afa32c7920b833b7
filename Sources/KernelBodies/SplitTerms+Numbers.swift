import KernelIntrinsics

#if ISA_AMX
  /// fp16 numbers in two parts: x = x₀ + x₁, where x₀ is x rounded to the eight significant bits of bf16 and x₁ the
  /// rest, which has no more than three.
  ///
  /// A product of two is the sum of the four products of their parts, and as each of these is exact in fp32, nothing is
  /// lost. P and dS, which are fp32 numbers, keep 16 bits or more, and their products do without that of the last
  /// parts, which is at most 2⁻¹⁶ of the whole.
  enum SplitHalfTerms: SplitTerms {
    typealias Format = Float16Format
    typealias PartCount = Two
    typealias LastOrder = Two
    typealias RoundedLastOrder = One
    typealias Probabilities = SplitHalfProbabilities

    @inline(__always)
    static func part(_ number: Vector, _ index: Int) -> Vector {
      index == 0 ? number.roundedToBrainFloat : number - number.roundedToBrainFloat
    }
  }

  enum SplitHalfProbabilities: SplitProbabilities {
    typealias Terms = SplitHalfTerms
  }

  /// fp32 numbers in three parts: x = x₀ + x₁ + x₂, where x₀ is x cut off behind the eight significant bits of bf16, so
  /// that it is finite like x, x₁ is the rest rounded, and x₂ what that leaves, which has no more than eight bits.
  ///
  /// Of the nine products of parts the last three are left out, which are about 2⁻²⁵ of the whole: on average as much
  /// as the rounding of one product. Parts below 2⁻¹²⁶ are lost, because the unit takes them as zeros, and so the last
  /// bits of numbers below 2⁻¹⁰².
  enum SplitFloatTerms: SplitTerms {
    typealias Format = Float32Format
    typealias PartCount = Three
    typealias LastOrder = Two
    typealias RoundedLastOrder = Two
    typealias Probabilities = SplitFloatProbabilities

    /// Packed numbers take the factor, so that the probability of the greatest score is exactly 1.
    @inline(__always)
    static func scoreFactors(_ problem: KernelProblem) -> (packed: Float, late: Float) {
      FloatTerms.scoreFactors(problem)
    }

    @inline(__always)
    static func part(_ number: Vector, _ index: Int) -> Vector {
      let first = number.cutToBrainFloat
      if index == 0 { return first }
      let rest = number - first
      return index == 1 ? rest.roundedToBrainFloat : rest - rest.roundedToBrainFloat
    }
  }

  enum SplitFloatProbabilities: SplitProbabilities {
    typealias Terms = SplitFloatTerms

    /// Keeps the last bits of all probabilities. Where that is too much for O to be finite, rows are computed again.
    static var scale: Float { @inline(__always) get { 0x1p24 } }
  }

  extension Vector {
    /// The numbers rounded to bf16, ties away from zero. Some NaN become other numbers.
    @inline(__always)
    fileprivate var roundedToBrainFloat: Vector {
      let bits = unsafeBitCast(self, to: VectorBits.self) &+ VectorBits(repeating: 0x8000)
      return unsafeBitCast(bits & ~VectorBits(repeating: 0xffff), to: Vector.self)
    }

    /// The numbers without what bf16 has no room for. Some NaN become infinite.
    @inline(__always)
    fileprivate var cutToBrainFloat: Vector {
      unsafeBitCast(unsafeBitCast(self, to: VectorBits.self) & ~VectorBits(repeating: 0xffff), to: Vector.self)
    }
  }
#endif
