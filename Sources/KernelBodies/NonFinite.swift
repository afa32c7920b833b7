import KernelIntrinsics

// Zero times NaN is NaN, so a forbidden pair may not enter a sum where its operand is not finite, though its weight is
// zero. Where that can happen, products run over a copy of the operand with zeros in the place of such elements, and
// what these contribute to permitted pairs is added afterwards, element by element: it is rare.
//
// Finding out whether it can happen would take reading all values once more. But a value that is not finite leaves
// nothing finite in its column of O, whatever the weights, so the forward pass looks at O instead, and where it finds
// such a number begins anew, now searching the values.

extension OperandRange {
  /// Whether any element of the rows is infinite or NaN.
  @inline(never)
  func hasNonFinite(in operand: KernelOperand) -> Bool {
    let start = offset(in: operand)
    var greatest = VectorIndices.zero
    if operand.columnStride == 1 && columns >= laneCount {
      switch operand.stored {
      case .float32: greatest = greatestMagnitudes(Float32Format.self, operand, start)
      case .float16: greatest = greatestMagnitudes(Float16Format.self, operand, start)
      case .bfloat16: greatest = greatestMagnitudes(BrainFloatFormat.self, operand, start)
      case .boolean: break
      }
    } else {
      var row = 0
      while row < rows {
        var column = 0
        while column < columns {
          let vector = operand.vector(
            at: start + row * operand.rowStride + column * operand.columnStride, count: columns - column)
          greatest = greatest.maximum(vector.magnitudeBits)
          column += laneCount
        }
        row += 1
      }
    }
    return !greatest.areFiniteMagnitudes
  }

  /// The greatest magnitudes in each lane of rows of neighbouring elements, at least a vector, as the bits of the
  /// numbers: without the sign these are in the order of the numbers, and those of infinity and NaN are the greatest.
  @inline(__always)
  private func greatestMagnitudes<Format: ElementFormat>(
    _ format: Format.Type, _ operand: KernelOperand, _ start: Int
  ) -> VectorIndices {
    var row = UnsafeRawPointer(operand.base.unsafelyUnwrapped) + start * Format.size
    var even = VectorIndices.zero
    var odd = VectorIndices.zero
    var remaining = rows
    while remaining > 0 {
      var column = 0
      while column + 2 * laneCount <= columns {
        let vectors = row + column * Format.size
        even = even.maximum(Format.load(vectors).magnitudeBits)
        odd = odd.maximum(Format.load(vectors + laneCount * Format.size).magnitudeBits)
        column += 2 * laneCount
      }
      while column < columns {
        // The last vector ends with the row.
        let vector = row + min(column, columns - laneCount) * Format.size
        even = even.maximum(Format.load(vector).magnitudeBits)
        column += laneCount
      }
      row += operand.rowStride * Format.size
      remaining -= 1
    }
    return even.maximum(odd)
  }

  /// One of the rows.
  func row(_ row: Int) -> OperandRange {
    var range = self
    range.firstRow += row
    range.rows = 1
    return range
  }

  /// The product of the first row and that of another range.
  func product(in operand: KernelOperand, with other: OperandRange, in otherOperand: KernelOperand) -> Float {
    var sums = Vector.zeros
    var column = 0
    while column < columns {
      let count = columns - column
      sums = sums.adding(
        product: operand.vector(at: offset(in: operand) + column * operand.columnStride, count: count),
        otherOperand.vector(at: other.offset(in: otherOperand) + column * otherOperand.columnStride, count: count))
      column += laneCount
    }
    var sum: Float = 0
    for lane in 0..<laneCount { sum += sums[lane] }
    return sum
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

// MARK: Rows that are computed again

extension ForwardItem {
  /// Calls `body` with all runs of consecutive rows whose log-sum-exp is NaN, or of partial rows whose sum is, as
  /// items.
  ///
  /// Runs end where the lane groups of a head do, so that what they are does not depend on where items end.
  func forEachNonFiniteRun(in problem: KernelProblem, _ body: (ForwardItem) -> Void) {
    var head = 0
    while head < heads {
      var query = 0
      while query < queries {
        let start = query
        while query < queries && isNonFinite(head, query, problem) {
          query += 1
          if (firstQuery + query) % LaneGroup.width == 0 { break }
        }
        if query > start {
          body(rows(BlockRange(start: start, end: query), ofHead: head, problem))
        } else {
          query += 1
        }
      }
      head += 1
    }
  }

  private func isNonFinite(_ head: Int, _ query: Int, _ problem: KernelProblem) -> Bool {
    if let partialRows { return PartialRows(base: partialRows, problem).sum(head * queries + query).isNaN }
    let row = (batch * problem.queryHeads + firstHead + head) * problem.queryLength + firstQuery + query
    return problem.logSumExp.unsafelyUnwrapped[row].isNaN
  }

  private func rows(_ rows: BlockRange, ofHead head: Int, _ problem: KernelProblem) -> ForwardItem {
    var item = self
    item.firstHead += head
    item.heads = 1
    item.firstQuery += rows.start
    item.queries = rows.count
    item.next = nil
    if let partialRows {
      item.partialRows = PartialRows(base: partialRows, problem).output(head * queries + rows.start)
    }
    return item
  }
}
