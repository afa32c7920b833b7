import KernelIntrinsics

/// A term is a product of two fp32 numbers; operands of other types are converted.
enum FloatTerms: TermArithmetic {
  typealias Probabilities = FloatProbabilities

  static var numbersPerTerm: Int { @inline(__always) get { 1 } }

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
  /// has room for `rows` rows of ``paddedColumns(_:)``.
  ///
  /// Rows a multiple of 4 KiB apart share the sets of the first-level cache, so they are copied too; the copy costs
  /// one move per element where the product costs as many multiply-adds as there are lanes in a tile.
  @inline(__always)
  static func rows(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<FloatTerms> {
    let offset = range.offset(in: operand)
    if operand.hasContiguousFloatRows && operand.rowStride & 1023 != 0 && isFinite {
      let base = operand.base.unsafelyUnwrapped.assumingMemoryBound(to: Float.self) + offset
      return RowBlock(base: base, stride: operand.rowStride)
    }
    let stride = paddedColumns(range.columns)
    convertRows(
      operand, offset: offset, rows: range.rows, columns: range.columns, scale: 1, into: scratch, stride: stride)
    if !isFinite { clearNonFinite(scratch, count: range.rows * stride) }
    return RowBlock(base: scratch, stride: stride)
  }

  @inline(__always)
  static func columns(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<FloatTerms>?,
    scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<FloatTerms> {
    rows ?? self.rows(operand, range, isFinite: isFinite, scratch: scratch)
  }

  @inline(__always)
  static func packTiles(
    _ tiles: BackwardTiles, rows: Int, lanes: BlockRange, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<FloatTerms> {
    RowBlock(base: tiles.scoreGradients + lanes.start, stride: tiles.stride)
  }
}

/// The row stride of converted rows: whole vectors.
@inline(__always)
func paddedColumns(_ columns: Int) -> Int {
  (columns + laneCount - 1) / laneCount * laneCount
}

/// Writes rows as fp32 times `scale`, `stride` elements apart, the padding of each row zero.
@inline(never)
func convertRows(
  _ operand: KernelOperand, offset: Int, rows: Int, columns: Int, scale: Float,
  into destination: UnsafeMutablePointer<Float>, stride: Int
) {
  var row = 0
  while row < rows {
    let source = offset + row * operand.rowStride
    let target = destination + row * stride
    var column = 0
    while column < columns {
      let vector = operand.vector(at: source + column * operand.columnStride, count: columns - column)
      (vector * scale).store(at: target + column)
      column += laneCount
    }
    row += 1
  }
}

@inline(never)
func clearNonFinite(_ numbers: UnsafeMutablePointer<Float>, count: Int) {
  var index = 0
  while index < count {
    if !numbers[index].isFinite { numbers[index] = 0 }
    index += 1
  }
}
