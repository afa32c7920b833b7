import KernelIntrinsics

/// The register tile of one matrix product: `rows` broadcast scalars by `vectors` vectors of accumulators.
///
/// The counts are types, so that the compiler unrolls the tile completely and keeps every accumulator in a register.
protocol RegisterTile {
  static var rows: Int { get }
  static var vectors: Int { get }
}

protocol Count {
  static var value: Int { get }
}

enum Zero: Count { static var value: Int { @inline(__always) get { 0 } } }
enum One: Count { static var value: Int { @inline(__always) get { 1 } } }
enum Two: Count { static var value: Int { @inline(__always) get { 2 } } }
enum Three: Count { static var value: Int { @inline(__always) get { 3 } } }
enum Four: Count { static var value: Int { @inline(__always) get { 4 } } }
enum Six: Count { static var value: Int { @inline(__always) get { 6 } } }
enum Eight: Count { static var value: Int { @inline(__always) get { 8 } } }
enum Twelve: Count { static var value: Int { @inline(__always) get { 12 } } }

enum Tile<Rows: Count, Vectors: Count>: RegisterTile {
  static var rows: Int { @inline(__always) get { Rows.value } }
  static var vectors: Int { @inline(__always) get { Vectors.value } }
}

/// What the accumulators hold before the first product is added.
enum AccumulatorStart {
  /// Zero; the destination's contents do not matter.
  case zero
  /// The destination.
  case destination
  /// The destination times one factor per lane: how online softmax rescales its output for free where it lies by
  /// column.
  case scaledDestination(by: UnsafePointer<Float>)

  /// The same for the vectors from `column` on.
  @inline(__always)
  func from(column: Int) -> AccumulatorStart {
    if case .scaledDestination(let factors) = self { return .scaledDestination(by: factors + column * laneCount) }
    return self
  }
}

/// How the scalars of a product lie in memory.
///
/// Two types and not a pair of strides, because address arithmetic competes with multiply-adds for execution ports:
/// read this way, each round of the inner loop advances one index and one pointer.
protocol ScalarLayout {
  /// The address of the first term of the tile's row `row`, for memory rows `stride` elements apart.
  static func start(_ base: UnsafePointer<Float>, row: Int, stride: Int) -> UnsafePointer<Float>
  /// The distance of neighbouring terms.
  static func depthStride(_ stride: Int) -> Int
}

/// Result rows are the rows of memory.
enum ByRow: ScalarLayout {
  @inline(__always)
  static func start(_ base: UnsafePointer<Float>, row: Int, stride: Int) -> UnsafePointer<Float> {
    kernel_opaque(base + row * stride)
  }

  @inline(__always)
  static func depthStride(_ stride: Int) -> Int { 1 }
}

/// Result rows are the columns of memory, and the sum runs over its rows.
enum ByColumn: ScalarLayout {
  @inline(__always)
  static func start(_ base: UnsafePointer<Float>, row: Int, stride: Int) -> UnsafePointer<Float> { base + row }

  @inline(__always)
  static func depthStride(_ stride: Int) -> Int { stride }
}

/// The accumulators of the largest register tile; a smaller tile leaves the rest unused, and unused ones cost nothing.
typealias Accumulators = InlineArray<24, Vector>

extension Accumulators {
  /// Zeros, written out because `init(repeating:)` may be outlined under a name that all instruction sets share.
  static var zeros: Accumulators {
    @inline(__always) get {
      [
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
      ]
    }
  }
}

/// The accumulators of one register tile and the operands that they are summed from.
struct RegisterTileProduct<Shape: RegisterTile, Layout: ScalarLayout, Terms: RegisterTerms> {
  let depth: Int
  let scalars: UnsafePointer<Float>
  let scalarStride: Int
  let vectors: UnsafePointer<Float>
  let vectorStride: Int

  /// C[r, lane] = start + Σₖ A[r, k] · B[k, lane].
  ///
  /// The AVX-512 tile of 8 × 3 has 24 independent accumulators and 11 loads for 24 multiply-adds, so it is bound by the
  /// multiply-adds on processors with one and with two 512-bit units. The AVX2 tile of 4 × 3 uses 16 of 16 registers.
  ///
  /// - Parameters:
  ///   - maxima: One number per lane, which is raised to the greatest of the lane's results, or nil. While they are in
  ///     registers this costs nothing: comparisons have units of their own.
  ///   - moments: Whether lines are asked for within the tile.
  ///   - prefetch: What these lines are, or nil.
  @inline(__always)
  func accumulate<Moments: FetchMoments>(
    into destination: UnsafeMutablePointer<Float>, stride: Int, start: AccumulatorStart,
    raising maxima: UnsafeMutablePointer<Float>?, _ moments: Moments.Type, _ prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    var accumulators = initialValues(of: destination, stride, start)
    // Written out because `init(repeating:)` may be outlined under a name that all instruction sets share.
    var rows: InlineArray<12, UnsafePointer<Float>> = [
      scalars, scalars, scalars, scalars, scalars, scalars, scalars, scalars, scalars, scalars, scalars, scalars,
    ]
    for row in 0..<Shape.rows { rows[row] = Layout.start(scalars, row: row, stride: scalarStride) }
    var vector = vectors
    var term = 0
    @inline(__always)
    func addTerm(_ next: Int) {
      var terms: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      for column in 0..<Shape.vectors { terms[column] = Vector(at: vector + next * vectorStride + column * laneCount) }
      for row in 0..<Shape.rows {
        let factor = Vector(repeating: rows[row][(term + next) * Layout.depthStride(scalarStride)])
        for column in 0..<Shape.vectors {
          accumulators[row * Shape.vectors + column] =
            Terms.add(factor, terms[column], to: accumulators[row * Shape.vectors + column])
        }
      }
    }
    var termsPerBurst = depth
    if Moments.areWithinTiles, let prefetch {
      // Whole rounds of four.
      let bursts = prefetch.pointee.burstsPerTile
      termsPerBurst = ((depth + bursts - 1) / bursts + 3) / 4 * 4
    }
    while true {
      let end = Moments.areWithinTiles ? min(term + termsPerBurst, depth) : depth
      #if !ISA_AVX512
        // A round of 12 multiply-adds is so short that its loop's last, mispredicted branch would cost one tenth of a
        // tile; with a quarter of the rounds it is predicted.
        while term + 4 <= end {
          addTerm(0)
          addTerm(1)
          addTerm(2)
          addTerm(3)
          vector += 4 * vectorStride
          term += 4
        }
      #endif
      while term < end {
        addTerm(0)
        vector += vectorStride
        term += 1
      }
      if !Moments.areWithinTiles || term == depth { break }
      prefetch?.pointee.fetchWithinTile()
    }
    for row in 0..<Shape.rows {
      for column in 0..<Shape.vectors {
        accumulators[row * Shape.vectors + column].store(at: destination + row * stride + column * laneCount)
      }
    }
    if let maxima { raise(maxima, to: accumulators) }
  }

  @inline(__always)
  private func raise(_ maxima: UnsafeMutablePointer<Float>, to results: Accumulators) {
    for column in 0..<Shape.vectors {
      let pointer = maxima + column * laneCount
      var even = Vector(at: pointer)
      var odd = even
      for row in 0..<Shape.rows {
        let result = results[row * Shape.vectors + column]
        if row % 2 == 0 { even = even.maximum(result) } else { odd = odd.maximum(result) }
      }
      even.maximum(odd).store(at: pointer)
    }
  }

  @inline(__always)
  private func initialValues(
    of destination: UnsafeMutablePointer<Float>, _ stride: Int, _ start: AccumulatorStart
  ) -> Accumulators {
    var accumulators = Accumulators.zeros
    switch start {
    case .zero: break
    case .destination:
      for row in 0..<Shape.rows {
        for column in 0..<Shape.vectors {
          accumulators[row * Shape.vectors + column] = Vector(at: destination + row * stride + column * laneCount)
        }
      }
    case .scaledDestination(let factors):
      for row in 0..<Shape.rows {
        for column in 0..<Shape.vectors {
          accumulators[row * Shape.vectors + column] =
            Vector(at: destination + row * stride + column * laneCount) * Vector(at: factors + column * laneCount)
        }
      }
    }
    return accumulators
  }
}
