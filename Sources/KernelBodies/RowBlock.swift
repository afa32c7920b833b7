import KernelIntrinsics

/// Consecutive fp32 rows of one head with neighbouring columns one element apart: what a product reads as scalars.
struct RowBlock {
  var base: UnsafePointer<Float>
  var stride: Int

  /// The rows from `row` on as a scalar operand whose result rows are these rows.
  @inline(__always)
  func byRow(from row: Int) -> ScalarOperand<ByRow> {
    ScalarOperand(base: base + row * stride, stride: stride)
  }

  /// The rows from `row` on as a scalar operand whose result rows are the columns, summed over the rows.
  @inline(__always)
  func byColumn(from row: Int) -> ScalarOperand<ByColumn> {
    ScalarOperand(base: base + row * stride, stride: stride)
  }
}

extension RowBlock {
  /// Rows of an operand: in place where they are fp32 with unit column stride, else converted into `scratch`, which
  /// has room for `rows` rows of ``paddedColumns(_:)``.
  ///
  /// Rows a multiple of 4 KiB apart share the sets of the first-level cache, so they are copied too; the copy costs
  /// one move per element where the product costs as many multiply-adds as there are lanes in a tile.
  @inline(__always)
  init(
    _ operand: KernelOperand, batch: Int, head: Int, firstRow: Int, rows: Int, columns: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    let offset = operand.offset(batch: batch, head: head, row: firstRow)
    if operand.hasContiguousFloatRows && operand.rowStride & 1023 != 0 {
      base = UnsafePointer(operand.base.unsafelyUnwrapped.assumingMemoryBound(to: Float.self) + offset)
      stride = operand.rowStride
    } else {
      stride = paddedColumns(columns)
      base = UnsafePointer(scratch)
      convertRows(operand, offset: offset, rows: rows, columns: columns, scale: 1, into: scratch, stride: stride)
    }
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

extension RowBlock {
  /// Whether any element of the rows is infinite or NaN.
  @inline(never)
  func hasNonFinite(rows: Int, columns: Int) -> Bool {
    // x · 0 is 0 for every finite x and NaN for every other.
    var sum = Vector.zeros
    var tail: Float = 0
    var row = 0
    while row < rows {
      let pointer = base + row * stride
      var column = 0
      while column + laneCount <= columns {
        sum = sum.adding(product: Vector(at: pointer + column), .zeros)
        column += laneCount
      }
      while column < columns {
        tail += pointer[column] * 0
        column += 1
      }
      row += 1
    }
    for lane in 0..<laneCount { tail += sum[lane] }
    return tail != 0
  }
}
