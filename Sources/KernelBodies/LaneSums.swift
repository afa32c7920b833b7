import KernelIntrinsics

/// One sum for each row in the lanes of a group and each column of an operand: O of queries, or dK or dV of keys.
///
/// They lie by column, in the lanes that their rows have in tiles, or by row, as in the tensor that they end in. By row
/// neither unused lanes are computed nor what a diagonal forbids to the few rows of a register tile, and nothing is
/// transposed at the end.
struct LaneSums<Terms: TermArithmetic> {
  let base: UnsafeMutablePointer<Float>
  let columns: Int
  let lanes: LaneGroup

  /// Whether the sums of a row are neighbours, `columns` for each row, and not those of a column, ``LaneGroup/width``
  /// for each column.
  var isByRow: Bool { @inline(__always) get { Terms.sumsByRow(columns: columns) } }

  /// The sums of the rows from a lane on, where they lie by row.
  @inline(__always)
  func rows(from lane: Int) -> UnsafeMutablePointer<Float> { base + lane * columns }

  func clear() { base.update(repeating: 0, count: (isByRow ? lanes.count : LaneGroup.width) * columns) }

  /// About as many register tiles as products with these steps take.
  @inline(__always)
  func registerTiles(_ steps: TileSteps) -> Int {
    if isByRow {
      let rows = registerTileRows(vectors: columns / laneCount)
      if !steps.isDiagonal { return (lanes.count + rows - 1) / rows }
      let (vectors, rest) = (lanes.count / laneCount, lanes.count % laneCount)
      return vectors * ((laneCount + rows - 1) / rows) + (rest + rows - 1) / rows
    }
    var tiles = 0
    steps.forEach { tiles += columns / registerTileRows(vectors: $0.vectors.count) }
    return tiles
  }

  /// Adds to one sum.
  @inline(__always)
  func add(_ term: Float, lane: Int, column: Int) {
    base[isByRow ? lane * columns + column : column * LaneGroup.width + lane] += term
  }

  /// Multiplies the sums of each row by a factor, where they lie by row.
  @inline(never)
  func scaleRows(by factors: UnsafePointer<Float>) {
    var lane = 0
    while lane < lanes.count {
      if factors[lane] != 1 {
        let row = rows(from: lane)
        var column = 0
        while column < columns {
          (Vector(at: row + column) * factors[lane]).store(at: row + column)
          column += laneCount
        }
      }
      lane += 1
    }
  }

  /// Whether no sum is infinite or NaN.
  var areFinite: Bool {
    isByRow
      ? areFinite(vectors: lanes.count * columns / laneCount, distance: laneCount, from: base)
      : areColumnsFinite
  }

  private var areColumnsFinite: Bool {
    var lane = 0
    while lane < lanes.vectors * laneCount {
      if !areFinite(vectors: columns, distance: LaneGroup.width, from: base + lane) { return false }
      lane += laneCount
    }
    return true
  }

  @inline(__always)
  private func areFinite(vectors: Int, distance: Int, from base: UnsafePointer<Float>) -> Bool {
    var even = VectorIndices.zero
    var odd = VectorIndices.zero
    var vector = base
    for _ in 0..<vectors / 2 {
      even = even.maximum(Vector(at: vector).magnitudeBits)
      odd = odd.maximum(Vector(at: vector + distance).magnitudeBits)
      vector += 2 * distance
    }
    if vectors % 2 == 1 { even = even.maximum(Vector(at: vector).magnitudeBits) }
    return even.maximum(odd).areFiniteMagnitudes
  }

  /// Makes a lane's number NaN where one of its sums is infinite or NaN, of terms that do not keep such numbers.
  func markNonFinite(in numbers: UnsafeMutablePointer<Float>) {
    assert(!isByRow && !Terms.keepsNonFinite)
    var lane = 0
    while lane < lanes.vectors * laneCount {
      var number = Vector(at: numbers + lane)
      var column = 0
      while column < columns {
        let sum = Vector(at: base + column * LaneGroup.width + lane)
        number += (sum - sum)
        column += 1
      }
      number.store(at: numbers + lane)
      lane += laneCount
    }
  }

  /// Writes the sums to their rows of an operand, those of each lane times its factor.
  ///
  /// - Parameter isFinitenessAsked: Whether it matters what is returned.
  /// - Returns: Whether no sum is infinite or NaN, if that matters.
  @discardableResult
  func store(factors: UnsafePointer<Float>, to operand: KernelOperand, isFinitenessAsked: Bool = false) -> Bool {
    if isByRow { return storeRows(factors: factors, to: operand) }
    storeTransposed(base, columns: columns, factors: factors, to: lanes, of: operand)
    return !isFinitenessAsked || areFinite
  }

  @inline(never)
  private func storeRows(factors: UnsafePointer<Float>, to operand: KernelOperand) -> Bool {
    // Results are dense.
    assert(operand.columnStride == 1)
    return switch operand.stored {
    case .float32: storeRows(Float32Format.self, factors, operand)
    case .float16: storeRows(Float16Format.self, factors, operand)
    case .bfloat16: storeRows(BrainFloatFormat.self, factors, operand)
    case .boolean: true
    }
  }

  /// - Returns: Whether no sum is infinite or NaN, which costs less to see on the way than to look for.
  @inline(__always)
  private func storeRows<Format: ElementFormat>(
    _ format: Format.Type, _ factors: UnsafePointer<Float>, _ operand: KernelOperand
  ) -> Bool {
    let target = operand.base.unsafelyUnwrapped
    var greatest = VectorIndices.zero
    lanes.forEachLane { lane, head, row in
      let offset = operand.offset(batch: lanes.batch, head: head, row: row)
      let sums = rows(from: lane)
      var column = 0
      while column < columns {
        let sum = Vector(at: sums + column)
        greatest = greatest.maximum(sum.magnitudeBits)
        Format.store(sum * factors[lane], at: target + (offset + column) * Format.size)
        column += laneCount
      }
    }
    return greatest.areFiniteMagnitudes
  }
}
