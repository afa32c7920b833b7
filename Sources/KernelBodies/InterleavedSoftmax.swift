import KernelIntrinsics

#if ISA_AMX
  /// What a product does between the multiplications of its tiles.
  protocol Interleaving {
    /// Whether it asks for the lines of a prefetch.
    static var fetches: Bool { get }
    /// Called before a row of multiplications.
    mutating func begin()
    /// Called after the multiplication of one column's tile.
    mutating func advance<Column: Count>(_ column: Column.Type)
  }

  /// Nothing.
  struct NoInterleaving: Interleaving {
    static var fetches: Bool { @inline(__always) get { false } }

    @inline(__always)
    mutating func begin() {}
    @inline(__always)
    mutating func advance<Column: Count>(_ column: Column.Type) {}
  }

  /// Asking for a few lines before each row of multiplications.
  struct InterleavedFetch: Interleaving {
    static var fetches: Bool { @inline(__always) get { true } }

    let prefetch: UnsafeMutablePointer<Prefetch>

    @inline(__always)
    mutating func begin() { prefetch.pointee.fetchStep() }
    @inline(__always)
    mutating func advance<Column: Count>(_ column: Column.Type) {}
  }

  /// The softmax of 32 keys in small steps, which a product takes turns with: the matrix unit multiplies while the
  /// vector units compute exponentials.
  ///
  /// The scores lie in rows one lane group wide, of which the first vectors are in use, and no position is forbidden.
  /// They are taken relative to the maxima of those before, which may be too low: any reference gives the same ratios,
  /// as long as nothing overflows. So instead of the maximum of the scores, which would have to be known first, the sum
  /// of the probabilities is looked at afterwards.
  struct InterleavedSoftmax<Format: ProbabilityFormat, Width: Count, Moments: FetchMoments>: Interleaving {
    static var fetches: Bool { @inline(__always) get { Moments.areWithinTiles } }

    /// How many keys it takes in: one step of the matrix unit.
    static var rows: Int { @inline(__always) get { MatrixUnitTerms.rowStep } }
    /// How many rows of one vector a step takes in.
    private static var rowsPerStep: Int { @inline(__always) get { 4 } }

    private let scores: UnsafePointer<Float>
    private let probabilities: UnsafeMutablePointer<Float>
    private let factor: Vector
    private let references: InlineArray<3, Vector>
    /// Two for each vector of lanes.
    private var sums: InlineArray<6, Vector> = [.zeros, .zeros, .zeros, .zeros, .zeros, .zeros]
    /// The rows that all vectors have taken in, and those that they take in before the next call of ``begin()``.
    private var row = 0
    private var end = 0
    /// The rows for each row of multiplications, and how many have become due, in parts of 2^16.
    private let rate: Int
    private var due = 0
    private let prefetch: UnsafeMutablePointer<Prefetch>?

    /// - Parameters:
    ///   - softmax: Whose maxima the scores are taken relative to.
    ///   - scores: The scores.
    ///   - factor: What puts them in base 2.
    ///   - probabilities: Where they go in their format.
    ///   - multiplications: The rows of multiplications over which the work is spread.
    ///   - prefetch: What to ask the caches for on the way, if `Moments` are within tiles.
    @inline(__always)
    init(
      _ softmax: OnlineSoftmax, scores: UnsafePointer<Float>, factor: Vector,
      into probabilities: UnsafeMutablePointer<Float>, during multiplications: Int,
      _ prefetch: UnsafeMutablePointer<Prefetch>?
    ) {
      self.scores = scores
      self.probabilities = probabilities
      self.factor = factor
      references = [softmax.reference(0), softmax.reference(1), softmax.reference(2)]
      self.prefetch = prefetch
      rate = ((Self.rows << 16) + multiplications - 1) / multiplications
    }

    @inline(__always)
    mutating func begin() {
      if Moments.areWithinTiles, let prefetch { prefetch.pointee.fetchStep() }
      row = end
      due += rate
      end = min(due >> 16, Self.rows) / Self.rowsPerStep * Self.rowsPerStep
    }

    @inline(__always)
    mutating func advance<Column: Count>(_ column: Column.Type) {
      var row = row
      while row < end {
        advance(row: row, column)
        row += Self.rowsPerStep
      }
    }

    @inline(__always)
    private mutating func advance<Column: Count>(row: Int, _ column: Column.Type) {
      let lane = Column.value * laneCount
      let score = scores + row * LaneGroup.width + lane
      let target = probabilities + lane
      var exponents: VectorQuadruple = [.zeros, .zeros, .zeros, .zeros]
      for index in 0..<4 {
        exponents[index] = Format.exponent(
          Vector(at: score + index * LaneGroup.width), factor, minus: references[Column.value])
      }
      let p = exponents.exponentiated2
      Format.store(p[0], p[1], column: target, row: row, stride: LaneGroup.width)
      Format.store(p[2], p[3], column: target, row: row + 2, stride: LaneGroup.width)
      sums[2 * Column.value] += p[0] + p[1]
      sums[2 * Column.value + 1] += p[2] + p[3]
    }

    /// Takes in what remains.
    @inline(__always)
    mutating func finish() {
      row = end
      end = Self.rows
      advance(Zero.self)
      if Width.value > 1 { advance(One.self) }
      if Width.value > 2 { advance(Two.self) }
      for vector in 0..<Width.value { sums[2 * vector] += sums[2 * vector + 1] }
    }

    /// Whether the maxima may stay where they are: false where one is far too low, or there is none yet.
    @inline(__always)
    func isWithinBounds(of softmax: OnlineSoftmax) -> Bool {
      var exceeds: Int32 = 0
      for vector in 0..<Width.value { exceeds |= kernel_exceeds16(sums[2 * vector], softmax.greatestSum(vector)) }
      return exceeds == 0
    }

    /// Raises the maxima that are far too low to the greatest of the scores, and leaves the factors for sums that are
    /// relative to those before. A lane's maximum does not depend on the lanes beside it.
    @inline(__always)
    func raiseMaxima(of softmax: OnlineSoftmax) {
      for vector in 0..<Width.value {
        let lane = vector * laneCount
        var greatest = Vector(at: scores + lane)
        for row in 1..<Self.rows { greatest = greatest.maximum(Vector(at: scores + row * LaneGroup.width + lane)) }
        let before = Vector(at: softmax.maximum + lane)
        before.replacing(
          with: before.maximum(greatest * factor), where: sums[2 * vector] .> softmax.greatestSum(vector)
        ).store(at: softmax.maximum + lane)
        let correction = (before - softmax.reference(vector)).exponentiated2
        correction.store(at: softmax.factors + lane)
        (Vector(at: softmax.sum + lane) * correction).store(at: softmax.sum + lane)
      }
    }

    /// Adds the probabilities to the sums of the softmax.
    @inline(__always)
    func addSums(to softmax: OnlineSoftmax) {
      for vector in 0..<Width.value {
        let sum = softmax.sum + vector * laneCount
        (Vector(at: sum) + sums[2 * vector]).store(at: sum)
      }
    }
  }

  extension OnlineSoftmax {
    /// What the scores in one vector of lanes are taken relative to: their maxima, and any finite number where nothing
    /// is permitted yet.
    @inline(__always)
    fileprivate func reference(_ vector: Int) -> Vector {
      let maximum = Vector(at: maximum + vector * laneCount)
      return maximum.replacing(with: .zeros, where: maximum .== Vector(repeating: -.infinity))
    }

    /// The greatest sum of 32 probabilities for which the maxima of one vector may stay: enough for scores as great as
    /// the maximum to be followed by all as great, little enough for O not to need more room than its sums do.
    ///
    /// Below any sum where there is no maximum yet, because the reference in its place may be far too high.
    @inline(__always)
    fileprivate func greatestSum(_ vector: Int) -> Vector {
      let maximum = Vector(at: maximum + vector * laneCount)
      return Vector(repeating: 128).replacing(
        with: Vector(repeating: -1), where: maximum .== Vector(repeating: -.infinity))
    }
  }
#endif
