import KernelIntrinsics

/// A square block of as many vectors as a vector has lanes.
typealias VectorBlock = InlineArray<16, Vector>

extension VectorBlock {
  /// A block of zeros, written out because `init(repeating:)` would be outlined under a name that every instruction
  /// set shares.
  static var zeros: VectorBlock {
    @inline(__always) get {
      [
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
      ]
    }
  }
}

/// Exchanges rows and lanes of the block's first ``laneCount`` vectors.
@inline(__always)
func transpose(_ block: inout VectorBlock) {
  // Squares of four rows and the four lanes of a quarter; then whole quarters, of which quarter q of row 4r + c belongs
  // into quarter r of row 4q + c.
  for row in 0..<(laneCount / 4) { transposeQuarters(&block, 4 * row) }
  #if ISA_AVX512
    for row in 0..<4 {
      let evenLow = kernel_even_quarters16(block[row], block[row + 4])
      let evenHigh = kernel_even_quarters16(block[row + 8], block[row + 12])
      let oddLow = kernel_odd_quarters16(block[row], block[row + 4])
      let oddHigh = kernel_odd_quarters16(block[row + 8], block[row + 12])
      block[row] = kernel_even_quarters16(evenLow, evenHigh)
      block[row + 4] = kernel_even_quarters16(oddLow, oddHigh)
      block[row + 8] = kernel_odd_quarters16(evenLow, evenHigh)
      block[row + 12] = kernel_odd_quarters16(oddLow, oddHigh)
    }
  #elseif ISA_AVX2
    for row in 0..<4 {
      let even = kernel_even_quarters8(block[row], block[row + 4])
      block[row + 4] = kernel_odd_quarters8(block[row], block[row + 4])
      block[row] = even
    }
  #endif
}

/// Exchanges four rows and the lanes of each quarter.
@inline(__always)
private func transposeQuarters(_ block: inout VectorBlock, _ row: Int) {
  #if ISA_AVX512
    transposeQuarters(
      &block, row, kernel_zip_low16, kernel_zip_high16, kernel_zip_pairs_low16, kernel_zip_pairs_high16)
  #elseif ISA_AVX2
    transposeQuarters(&block, row, kernel_zip_low8, kernel_zip_high8, kernel_zip_pairs_low8, kernel_zip_pairs_high8)
  #else
    transposeQuarters(&block, row, kernel_zip_low4, kernel_zip_high4, kernel_zip_pairs_low4, kernel_zip_pairs_high4)
  #endif
}

private typealias Shuffle = (Vector, Vector) -> Vector

@inline(__always)
private func transposeQuarters(
  _ block: inout VectorBlock, _ row: Int, _ low: Shuffle, _ high: Shuffle, _ pairsLow: Shuffle, _ pairsHigh: Shuffle
) {
  let low01 = low(block[row], block[row + 1])
  let high01 = high(block[row], block[row + 1])
  let low23 = low(block[row + 2], block[row + 3])
  let high23 = high(block[row + 2], block[row + 3])
  block[row] = pairsLow(low01, low23)
  block[row + 1] = pairsHigh(low01, low23)
  block[row + 2] = pairsLow(high01, high23)
  block[row + 3] = pairsHigh(high01, high23)
}

/// Writes the rows in a group's lanes transposed and scaled: `destination[column, lane] = scale · operand[lane,
/// column]`.
///
/// Rows of the destination are ``LaneGroup/width`` apart. Lanes without a row, up to the end of the last vector in use,
/// become zero.
@inline(never)
func packLanesTransposed(
  _ group: LaneGroup, of operand: KernelOperand, columns: Int, firstColumn: Int, scale: Float,
  into destination: UnsafeMutablePointer<Float>
) {
  for vector in 0..<group.vectors {
    let target = destination + vector * laneCount
    if columns >= laneCount, let rows = group.evenRows(vector, in: operand) {
      switch operand.stored {
      case .float32: packSquares(Float32Format.self, operand, rows, firstColumn, columns, scale: scale, into: target)
      case .float16: packSquares(Float16Format.self, operand, rows, firstColumn, columns, scale: scale, into: target)
      case .bfloat16:
        packSquares(BrainFloatFormat.self, operand, rows, firstColumn, columns, scale: scale, into: target)
      case .boolean: packSquares(BooleanFormat.self, operand, rows, firstColumn, columns, scale: scale, into: target)
      }
    } else {
      packAny(group, vector, of: operand, columns: columns, firstColumn: firstColumn, scale: scale, into: target)
    }
  }
}

/// Transposes squares of whole vectors from rows that are evenly spaced. The last square ends with the columns, and may
/// repeat some of the one before.
///
/// - Parameter columns: Their columns from `firstColumn` on, at least a vector.
@inline(__always)
private func packSquares<Format: ElementFormat>(
  _ format: Format.Type, _ operand: KernelOperand, _ rows: EvenRows, _ firstColumn: Int, _ columns: Int, scale: Float,
  into destination: UnsafeMutablePointer<Float>
) {
  let rowBytes = operand.rowStride * Format.size
  let base = UnsafeRawPointer(operand.base.unsafelyUnwrapped) + (rows.offset + firstColumn) * Format.size
  // Not multiplied by 1, which would change the bits of some NaNs where elements are pairs.
  let isScaled = scale != 1
  var column = 0
  while column < columns {
    let first = min(column, columns - laneCount)
    let source = base + first * Format.size
    var block = VectorBlock.zeros
    // A test for each row only where lanes are unused.
    if rows.count == laneCount {
      for lane in 0..<laneCount { block[lane] = Format.load(source + lane * rowBytes) }
    } else {
      for lane in 0..<laneCount where lane < rows.count { block[lane] = Format.load(source + lane * rowBytes) }
    }
    if isScaled {
      for lane in 0..<laneCount { block[lane] *= scale }
    }
    transpose(&block)
    let target = destination + first * LaneGroup.width
    for row in 0..<laneCount { block[row].store(at: target + row * LaneGroup.width) }
    column += laneCount
  }
}

/// Transposes rows of any spacing and any number of columns.
@inline(never)
private func packAny(
  _ group: LaneGroup, _ vector: Int, of operand: KernelOperand, columns: Int, firstColumn: Int, scale: Float,
  into destination: UnsafeMutablePointer<Float>
) {
  let firstLane = vector * laneCount
  let offsets = group.offsets(vector, in: operand)
  var column = 0
  while column < columns {
    let used = min(columns - column, laneCount)
    var block = VectorBlock.zeros
    for lane in 0..<laneCount where firstLane + lane < group.count {
      let offset = offsets[lane] + (firstColumn + column) * operand.columnStride
      let row = operand.vector(at: offset, count: used)
      block[lane] = scale == 1 ? row : row * scale
    }
    transpose(&block)
    let target = destination + column * LaneGroup.width
    for row in 0..<laneCount where row < used { block[row].store(at: target + row * LaneGroup.width) }
    column += laneCount
  }
}

/// Writes a transposed tile back to the rows in a group's lanes: `operand[lane, column] = factors[lane] · tile[column,
/// lane]`.
///
/// Rows of the tile are ``LaneGroup/width`` apart.
@inline(never)
func storeTransposed(
  _ tile: UnsafePointer<Float>, columns: Int, factors: UnsafePointer<Float>, to group: LaneGroup,
  of operand: KernelOperand
) {
  for vector in 0..<group.vectors {
    let source = tile + vector * laneCount
    let factor = Vector(at: factors + vector * laneCount)
    if columns >= laneCount, let rows = group.evenRows(vector, in: operand) {
      switch operand.stored {
      case .float32: storeSquares(Float32Format.self, source, factor, columns: columns, to: operand, rows)
      case .float16: storeSquares(Float16Format.self, source, factor, columns: columns, to: operand, rows)
      case .bfloat16 where columns >= 2 * laneCount: storePairs(source, factor, columns: columns, to: operand, rows)
      case .bfloat16: storeSquares(BrainFloatFormat.self, source, factor, columns: columns, to: operand, rows)
      case .boolean: break
      }
    } else {
      storeAny(source, factor, columns: columns, to: group, vector, of: operand)
    }
  }
}

/// The other way of ``packSquares(_:_:_:_:_:scale:into:)``.
@inline(__always)
private func storeSquares<Format: ElementFormat>(
  _ format: Format.Type, _ tile: UnsafePointer<Float>, _ factor: Vector, columns: Int, to operand: KernelOperand,
  _ rows: EvenRows
) {
  storeBlocks(elementSize: Format.size, columnsAtOnce: laneCount, columns: columns, to: operand, rows) {
    Vector(at: tile + $0 * LaneGroup.width) * factor
  } store: {
    Format.store($0, at: $1)
  }
}

/// The same for rows of bf16 numbers, at least two vectors long, of which two share an element of a square.
@inline(__always)
private func storePairs(
  _ tile: UnsafePointer<Float>, _ factor: Vector, columns: Int, to operand: KernelOperand, _ rows: EvenRows
) {
  storeBlocks(
    elementSize: BrainFloatFormat.size, columnsAtOnce: 2 * laneCount, columns: columns, to: operand, rows
  ) { column in
    let even = tile + column * LaneGroup.width
    return .brainFloatPairs(Vector(at: even) * factor, Vector(at: even + LaneGroup.width) * factor)
  } store: {
    Float32Format.store($0, at: $1)
  }
}

/// Transposes squares of elements, each one column or more, and stores their rows.
///
/// - Parameters:
///   - columnsAtOnce: The columns of a square: as many as its rows of elements hold.
///   - element: The elements that begin with a column, for all lanes.
///   - store: Stores the elements of a row.
@inline(__always)
private func storeBlocks(
  elementSize: Int, columnsAtOnce: Int, columns: Int, to operand: KernelOperand, _ rows: EvenRows,
  element: (_ column: Int) -> Vector, store: (Vector, UnsafeMutableRawPointer) -> Void
) {
  let rowBytes = operand.rowStride * elementSize
  let base = operand.base.unsafelyUnwrapped + rows.offset * elementSize
  var column = 0
  while column < columns {
    let first = min(column, columns - columnsAtOnce)
    let target = base + first * elementSize
    var block = VectorBlock.zeros
    for row in 0..<laneCount { block[row] = element(first + row * (columnsAtOnce / laneCount)) }
    transpose(&block)
    // A test for each row only where lanes are unused.
    if rows.count == laneCount {
      for lane in 0..<laneCount { store(block[lane], target + lane * rowBytes) }
    } else {
      for lane in 0..<laneCount where lane < rows.count { store(block[lane], target + lane * rowBytes) }
    }
    column += columnsAtOnce
  }
}

/// The other way of ``packAny(_:_:of:columns:firstColumn:scale:into:)``.
@inline(never)
private func storeAny(
  _ tile: UnsafePointer<Float>, _ factor: Vector, columns: Int, to group: LaneGroup, _ vector: Int,
  of operand: KernelOperand
) {
  let firstLane = vector * laneCount
  let offsets = group.offsets(vector, in: operand)
  var column = 0
  while column < columns {
    let used = min(columns - column, laneCount)
    var block = VectorBlock.zeros
    for row in 0..<laneCount where row < used {
      block[row] = Vector(at: tile + (column + row) * LaneGroup.width) * factor
    }
    transpose(&block)
    for lane in 0..<laneCount where firstLane + lane < group.count {
      let offset = offsets[lane] + column * operand.columnStride
      operand.store(block[lane], at: offset, count: used)
    }
    column += laneCount
  }
}
