import KernelIntrinsics

// Zero times NaN is NaN, so a forbidden pair may not enter a sum where its operand is not finite, though its weight is
// zero. Where that can happen, products run over a copy of the operand with zeros in the place of such elements, and
// what these contribute to permitted pairs is added afterwards, element by element: it is rare.

extension OperandRange {
  /// Whether any element of the rows is infinite or NaN.
  @inline(never)
  func hasNonFinite(in operand: KernelOperand) -> Bool {
    // x · 0 is 0 for every finite x and NaN for every other.
    var sum = Vector.zeros
    var row = 0
    while row < rows {
      let offset = offset(in: operand) + row * operand.rowStride
      var column = 0
      while column < columns {
        let vector = operand.vector(at: offset + column * operand.columnStride, count: columns - column)
        sum = sum.adding(product: vector, .zeros)
        column += laneCount
      }
      row += 1
    }
    var total: Float = 0
    for lane in 0..<laneCount { total += sum[lane] }
    return total != 0
  }

  /// Calls `body` with the row, the column and the value of every element that is infinite or NaN.
  @inline(__always)
  func forEachNonFinite(in operand: KernelOperand, _ body: (_ row: Int, _ column: Int, _ value: Float) -> Void) {
    var row = 0
    while row < rows {
      let offset = offset(in: operand) + row * operand.rowStride
      var column = 0
      while column < columns {
        let value = operand.scalar(at: offset + column * operand.columnStride)
        if !value.isFinite { body(row, column, value) }
        column += 1
      }
      row += 1
    }
  }
}
