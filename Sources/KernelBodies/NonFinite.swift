import KernelIntrinsics

// Zero times NaN is NaN, so a forbidden pair may not enter a sum where its operand is not finite, though its weight is
// zero. Where that can happen, products run over a copy of the operand with zeros in the place of such elements, and
// what these contribute to permitted pairs is added afterwards, element by element: it is rare.

extension OperandRange {
  /// Whether any element of the rows is infinite or NaN.
  @inline(never)
  func hasNonFinite(in operand: KernelOperand) -> Bool {
    let start = offset(in: operand)
    var sum = Vector.zeros
    var whole = 0
    if operand.columnStride == 1 {
      whole = columns / laneCount * laneCount
      switch operand.stored {
      case .float32: sum = zeroTimesRows(Float32Format.self, operand, start, columns: whole)
      case .float16: sum = zeroTimesRows(Float16Format.self, operand, start, columns: whole)
      case .bfloat16: sum = zeroTimesRows(BrainFloatFormat.self, operand, start, columns: whole)
      case .boolean: break
      }
    }
    if whole < columns {
      var row = 0
      while row < rows {
        var column = whole
        while column < columns {
          let vector = operand.vector(
            at: start + row * operand.rowStride + column * operand.columnStride, count: columns - column)
          sum = sum.adding(product: vector, .zeros)
          column += laneCount
        }
        row += 1
      }
    }
    var total: Float = 0
    for lane in 0..<laneCount { total += sum[lane] }
    return total != 0
  }

  /// Σ 0 · x over whole vectors of neighbouring elements: 0 where all are finite, and NaN in some lane elsewhere.
  @inline(__always)
  private func zeroTimesRows<Format: ElementFormat>(
    _ format: Format.Type, _ operand: KernelOperand, _ start: Int, columns: Int
  ) -> Vector {
    var row = UnsafeRawPointer(operand.base.unsafelyUnwrapped) + start * Format.size
    // Four sums, because each waits for its last multiply-add.
    var sum0 = Vector.zeros
    var sum1 = Vector.zeros
    var sum2 = Vector.zeros
    var sum3 = Vector.zeros
    var remaining = rows
    while remaining > 0 {
      var column = 0
      while column + 4 * laneCount <= columns {
        let vectors = row + column * Format.size
        sum0 = sum0.adding(product: Format.load(vectors), .zeros)
        sum1 = sum1.adding(product: Format.load(vectors + laneCount * Format.size), .zeros)
        sum2 = sum2.adding(product: Format.load(vectors + 2 * laneCount * Format.size), .zeros)
        sum3 = sum3.adding(product: Format.load(vectors + 3 * laneCount * Format.size), .zeros)
        column += 4 * laneCount
      }
      while column < columns {
        sum0 = sum0.adding(product: Format.load(row + column * Format.size), .zeros)
        column += laneCount
      }
      row += operand.rowStride * Format.size
      remaining -= 1
    }
    return (sum0 + sum1) + (sum2 + sum3)
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
