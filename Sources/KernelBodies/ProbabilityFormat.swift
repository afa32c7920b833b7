#if ISA_AVX512BF16
  import KernelIntrinsics
#endif

/// How the probabilities of a tile are stored: in the place of its scores, where they fit.
protocol ProbabilityFormat {
  /// By how much scores, in base 2, may exceed the reference that they are taken relative to.
  static var slack: Float { get }
  /// What probabilities are multiplied by when they are stored.
  static var scale: Float { get }
  /// Whether they fit into the place of their scores.
  static var fitsInPlace: Bool { get }
  /// The step in which products take rows: behind the last row of a tile they need zeros.
  static var rowStep: Int { get }
  /// factor · score − reference, where the factor puts scores in base 2: 1 for ``FloatProbabilities``, whose scores
  /// are.
  static func exponent(_ score: Vector, _ factor: Vector, minus reference: Vector) -> Vector
  /// Stores two rows, of which the first is even.
  static func store(_ first: Vector, _ second: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int)
  /// Stores the last row of a tile with an odd number of rows.
  static func store(_ last: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int)
  /// The number that was stored in a row, given its lane's column.
  static func number(_ column: UnsafePointer<Float>, row: Int, stride: Int) -> Float
}

extension ProbabilityFormat {
  static var scale: Float { @inline(__always) get { 1 } }
  static var fitsInPlace: Bool { @inline(__always) get { true } }
}

/// Probabilities take the places of their scores.
enum FloatProbabilities: ProbabilityFormat {
  static var slack: Float { @inline(__always) get { 0 } }
  static var rowStep: Int { @inline(__always) get { 1 } }

  /// Without AVX-512 an exponential keeps the units for multiply-adds busier than those for additions, so the exponent
  /// is a difference; with AVX-512 it is the other way round.
  @inline(__always)
  static func exponent(_ score: Vector, _ factor: Vector, minus reference: Vector) -> Vector {
    #if ISA_AVX512
      return (-reference).adding(product: score, factor)
    #else
      return score - reference
    #endif
  }

  @inline(__always)
  static func store(_ first: Vector, _ second: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
    first.store(at: column + row * stride)
    second.store(at: column + row * stride + stride)
  }

  @inline(__always)
  static func store(_ last: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
    last.store(at: column + row * stride)
  }

  @inline(__always)
  static func number(_ column: UnsafePointer<Float>, row: Int, stride: Int) -> Float { column[row * stride] }
}

#if ISA_AVX512BF16
  /// Two rows are rounded to bf16 and share one row of 32-bit elements in the tile's first half.
  enum PairProbabilities: ProbabilityFormat {
    static var slack: Float { @inline(__always) get { 0 } }
    static var rowStep: Int { @inline(__always) get { 2 } }

    @inline(__always)
    static func exponent(_ score: Vector, _ factor: Vector, minus reference: Vector) -> Vector {
      (-reference).adding(product: score, factor)
    }

    @inline(__always)
    static func store(_ first: Vector, _ second: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      kernel_brain_float_pairs(first, second).store(at: column + row / 2 * stride)
    }

    @inline(__always)
    static func store(_ last: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      kernel_brain_float_pairs(last, .zeros).store(at: column + row / 2 * stride)
    }

    @inline(__always)
    static func number(_ column: UnsafePointer<Float>, row: Int, stride: Int) -> Float {
      let pair = column[row / 2 * stride].bitPattern
      return Float(bitPattern: row & 1 == 0 ? pair << 16 : pair & 0xffff_0000)
    }
  }
#endif

#if ISA_AMX
  /// As ``PairProbabilities``, and rows of zeros complete the last tile of the matrix unit.
  enum TileProbabilities: ProbabilityFormat {
    static var slack: Float { @inline(__always) get { 4 } }
    static var rowStep: Int { @inline(__always) get { MatrixUnitTerms.rowStep } }

    @inline(__always)
    static func exponent(_ score: Vector, _ factor: Vector, minus reference: Vector) -> Vector {
      PairProbabilities.exponent(score, factor, minus: reference)
    }

    @inline(__always)
    static func store(_ first: Vector, _ second: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      // Where a NaN is lost, the sum of the row has it, and all of the row becomes NaN.
      kernel_brain_float_pairs_up(first, second).store(at: column + row / 2 * stride)
    }

    @inline(__always)
    static func store(_ last: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      store(last, .zeros, column: column, row: row, stride: stride)
    }

    @inline(__always)
    static func number(_ column: UnsafePointer<Float>, row: Int, stride: Int) -> Float {
      PairProbabilities.number(column, row: row, stride: stride)
    }
  }
#endif
