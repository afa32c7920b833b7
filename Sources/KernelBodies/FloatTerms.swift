import KernelIntrinsics

/// A term is a product of two fp32 numbers; operands of other types are converted.
enum FloatTerms: RegisterTerms {
  typealias Probabilities = FloatProbabilities
  typealias ColumnLayout = ByColumn

  static var numbersPerTerm: Int { @inline(__always) get { 1 } }
  static var rowStep: Int { @inline(__always) get { 1 } }

  @inline(__always)
  static func add(_ scalar: Vector, _ vector: Vector, to sum: Vector) -> Vector { sum.adding(product: scalar, vector) }

  @inline(__always)
  static func scoreFactors(_ problem: KernelProblem) -> (packed: Float, late: Float) { (problem.scoreFactor, 1) }

  @inline(__always)
  static func packTransposed(
    _ group: LaneGroup, of operand: KernelOperand, columns: Int, scale: Float,
    into destination: UnsafeMutablePointer<Float>
  ) {
    packLanesTransposed(group, of: operand, columns: columns, firstColumn: 0, scale: scale, into: destination)
  }

  /// Rows of an operand: in place where they are fp32 with unit column stride, else converted into `scratch`, which
  /// has room for rows of ``scratchColumns(_:)``.
  @inline(__always)
  static func rows(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<FloatTerms> {
    let offset = range.offset(in: operand)
    // Rows a multiple of 4 KiB apart share the sets of the first-level cache.
    if operand.hasContiguousFloatRows && operand.rowStride & 1023 != 0 && isFinite {
      return inPlace(operand, offset)
    }
    return copy(operand, range, offset, isFinite: isFinite, scratch: scratch)
  }

  /// As ``rows(_:_:isFinite:scratch:)``, but in place only where the rows spread over the first-level cache: each line
  /// is read again by the next register tile, after one or all lines of every other row.
  ///
  /// The copy costs one move per element where the product costs as many multiply-adds as there are lanes in a tile.
  @inline(__always)
  static func columns(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<FloatTerms>?,
    scratch: UnsafeMutablePointer<Float>, prefetch: UnsafeMutablePointer<Prefetch>?
  ) -> RowBlock<FloatTerms> {
    if let rows, spreads(rows.stride, rows: range.rows) { return rows }
    let offset = range.offset(in: operand)
    if rows == nil && operand.hasContiguousFloatRows && spreads(operand.rowStride, rows: range.rows) && isFinite {
      return inPlace(operand, offset)
    }
    return copy(operand, range, offset, isFinite: isFinite, scratch: scratch)
  }

  @inline(__always)
  private static func inPlace(_ operand: KernelOperand, _ offset: Int) -> RowBlock<FloatTerms> {
    let base = operand.base.unsafelyUnwrapped.assumingMemoryBound(to: Float.self) + offset
    return RowBlock(base: base, stride: operand.rowStride)
  }

  @inline(__always)
  private static func copy(
    _ operand: KernelOperand, _ range: OperandRange, _ offset: Int, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<FloatTerms> {
    let stride = scratchColumns(range.columns)
    convertRows(
      operand, offset: offset, rows: range.rows, columns: range.columns, scale: 1, into: scratch, stride: stride)
    if !isFinite { clearNonFinite(scratch, count: range.rows * stride) }
    return RowBlock(base: scratch, stride: stride)
  }

  /// Whether one column of `rows` rows `stride` elements apart leaves room for other operands in the first-level cache.
  @inline(__always)
  private static func spreads(_ stride: Int, rows: Int) -> Bool {
    #if ISA_AVX512
      // A register tile takes half a line of each row and does twice the work with it; or whole rows.
      return stride & 1023 != 0
    #else
      // 64 sets of one line each; a stride that is a power of two in lines reaches only a part of them.
      let lines = stride * 4 / 64
      if lines == 0 || stride & 15 != 0 { return true }
      return (64 >> min(lines.trailingZeroBitCount, 6)) * 4 >= rows
    #endif
  }

  @inline(__always)
  static func packTiles(
    _ tiles: BackwardTiles, rows: Int, lanes: BlockRange, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<FloatTerms> {
    RowBlock(base: tiles.scoreGradients + lanes.start, stride: tiles.stride)
  }
}

/// The elements of a row in whole vectors.
@inline(__always)
func paddedColumns(_ columns: Int, lanes: Int = laneCount) -> Int {
  (columns + lanes - 1) / lanes * lanes
}

/// The row stride of copied rows: whole vectors, and an odd number of cache lines, so that a column of them spreads
/// over all sets of the first-level cache.
@inline(__always)
func scratchColumns(_ columns: Int) -> Int {
  ((columns + 15) / 16 | 1) * 16
}

/// Writes rows as fp32 times `scale`, `stride` elements apart, the padding of each row up to whole vectors zero.
@inline(never)
func convertRows(
  _ operand: KernelOperand, offset: Int, rows: Int, columns: Int, scale: Float,
  into destination: UnsafeMutablePointer<Float>, stride: Int
) {
  var converted = 0
  if operand.columnStride == 1 {
    converted = columns / laneCount * laneCount
    switch operand.stored {
    case .float32: convertWhole(Float32Format.self, operand, offset, rows, converted, scale, destination, stride)
    case .float16: convertWhole(Float16Format.self, operand, offset, rows, converted, scale, destination, stride)
    case .bfloat16: convertWhole(BrainFloatFormat.self, operand, offset, rows, converted, scale, destination, stride)
    case .boolean: convertWhole(BooleanFormat.self, operand, offset, rows, converted, scale, destination, stride)
    }
  }
  if converted == columns { return }
  var row = 0
  while row < rows {
    let source = offset + row * operand.rowStride
    let target = destination + row * stride
    var column = converted
    while column < columns {
      let vector = operand.vector(at: source + column * operand.columnStride, count: columns - column)
      (vector * scale).store(at: target + column)
      column += laneCount
    }
    row += 1
  }
}

/// Converts `columns` neighbouring elements of each row, a multiple of ``laneCount``.
@inline(__always)
private func convertWhole<Format: ElementFormat>(
  _ format: Format.Type, _ operand: KernelOperand, _ offset: Int, _ rows: Int, _ columns: Int, _ scale: Float,
  _ destination: UnsafeMutablePointer<Float>, _ stride: Int
) {
  let base = UnsafeRawPointer(operand.base.unsafelyUnwrapped) + offset * Format.size
  var row = 0
  while row < rows {
    let source = base + row * operand.rowStride * Format.size
    let target = destination + row * stride
    var column = 0
    while column < columns {
      (Format.load(source + column * Format.size) * scale).store(at: target + column)
      column += laneCount
    }
    row += 1
  }
}

/// Puts zeros in the place of infinite and NaN numbers, of which there are whole vectors.
@inline(never)
func clearNonFinite(_ numbers: UnsafeMutablePointer<Float>, count: Int) {
  var index = 0
  while index < count {
    Vector(at: numbers + index).replacingNonFinite(with: .zeros).store(at: numbers + index)
    index += laneCount
  }
}
