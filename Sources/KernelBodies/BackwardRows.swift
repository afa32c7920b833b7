import KernelIntrinsics

/// Computes what the backward pass needs of each query: log-sum-exp in base 2, and δ = Σ dO ∘ O.
///
/// A row without a permitted key has the log-sum-exp −∞; it becomes +∞, so that 2^(S − LSE) is 0 there and not NaN.
func prepareBackwardRows(_ problem: KernelProblem, batch: Int, head: Int, rows: BlockRange) {
  let first = (batch * problem.queryHeads + head) * problem.queryLength
  var row = rows.start
  while row < rows.end {
    let logSumExp = problem.logSumExp.unsafelyUnwrapped[first + row]
    problem.rowLogSumExp2.unsafelyUnwrapped[first + row] =
      logSumExp == -.infinity ? .infinity : logSumExp * log2OfE
    row += 1
  }
  row = rows.start
  while row < rows.end {
    let count = min(laneCount, rows.end - row)
    let range = OperandRange(
      batch: batch, head: head, firstRow: row, rows: count, columns: problem.valueDimension)
    var outputs = RowPrefetch(range, of: problem.output)
    outputs.readLines()
    var gradients = RowPrefetch(range, of: problem.outputGradient)
    gradients.readLines()
    let deltas = rowDeltas(problem, batch: batch, head: head, firstRow: row, count: count)
    for lane in 0..<laneCount where lane < count {
      problem.rowDelta.unsafelyUnwrapped[first + row + lane] = deltas[lane]
    }
    row += laneCount
  }
}

/// δ of up to a vector of rows, one in each lane.
///
/// The columns are summed one after the other, as register tiles sum dP = Σ dO ∘ V: where a query sees one key only,
/// O is that key's V, and dP − δ is then exactly the zero that it is in mathematics. Not so where the matrix unit sums dP of 16-bit
/// numbers, whose O is rounded.
@inline(__always)
private func rowDeltas(_ problem: KernelProblem, batch: Int, head: Int, firstRow: Int, count: Int) -> Vector {
  let output = problem.output
  let gradient = problem.outputGradient
  let outputStart = output.offset(batch: batch, head: head, row: firstRow)
  let gradientStart = gradient.offset(batch: batch, head: head, row: firstRow)
  if count == laneCount && output.columnStride == 1 && gradient.columnStride == 1
    && problem.valueDimension >= laneCount
  {
    let columns = problem.valueDimension
    switch gradient.stored {
    case .float32, .boolean:
      return rowDeltas(Float32Format.self, output, outputStart, gradient, gradientStart, columns: columns)
    case .float16:
      return rowDeltas(Float16Format.self, output, outputStart, gradient, gradientStart, columns: columns)
    case .bfloat16:
      return rowDeltas(BrainFloatFormat.self, output, outputStart, gradient, gradientStart, columns: columns)
    }
  }
  var sums = Vector.zeros
  var column = 0
  while column < problem.valueDimension {
    let used = min(problem.valueDimension - column, laneCount)
    var outputs = VectorBlock.zeros
    var gradients = VectorBlock.zeros
    for lane in 0..<laneCount where lane < count {
      outputs[lane] = output.vector(
        at: outputStart + lane * output.rowStride + column * output.columnStride, count: used)
      gradients[lane] = gradient.vector(
        at: gradientStart + lane * gradient.rowStride + column * gradient.columnStride, count: used)
    }
    sums = adding(&outputs, &gradients, to: sums, columns: BlockRange(start: 0, end: used))
    column += laneCount
  }
  return sums
}

/// The sums over the columns, at least a vector of them, of a vector of rows of neighbouring elements of one type. The last
/// block ends with the columns, and what it repeats of the one before is not added again.
@inline(__always)
private func rowDeltas<Format: ElementFormat>(
  _ format: Format.Type, _ output: KernelOperand, _ outputStart: Int, _ gradient: KernelOperand, _ gradientStart: Int,
  columns: Int
) -> Vector {
  let outputBase = UnsafeRawPointer(output.base.unsafelyUnwrapped) + outputStart * Format.size
  let gradientBase = UnsafeRawPointer(gradient.base.unsafelyUnwrapped) + gradientStart * Format.size
  var sums = Vector.zeros
  var column = 0
  while column < columns {
    let first = min(column, columns - laneCount)
    let outputRow = outputBase + first * Format.size
    let gradientRow = gradientBase + first * Format.size
    var outputs = VectorBlock.zeros
    var gradients = VectorBlock.zeros
    for lane in 0..<laneCount {
      outputs[lane] = Format.load(outputRow + lane * output.rowStride * Format.size)
      gradients[lane] = Format.load(gradientRow + lane * gradient.rowStride * Format.size)
    }
    // Constant bounds, of which nothing is left in a block that repeats nothing.
    if first == column {
      sums = adding(&outputs, &gradients, to: sums, columns: BlockRange(start: 0, end: laneCount))
    } else {
      sums = adding(&outputs, &gradients, to: sums, columns: BlockRange(start: column - first, end: laneCount))
    }
    column += laneCount
  }
  return sums
}

/// `sums` and the products of two blocks of rows, column by column.
@inline(__always)
private func adding(
  _ outputs: inout VectorBlock, _ gradients: inout VectorBlock, to sums: Vector, columns: BlockRange
) -> Vector {
  transpose(&outputs)
  transpose(&gradients)
  var sums = sums
  for row in 0..<laneCount where row >= columns.start && row < columns.end {
    sums = sums.adding(product: outputs[row], gradients[row])
  }
  return sums
}

/// Rounds the finished fp32 sums of dQ to the element type of the gradient.
func storeQueryGradientRows(_ problem: KernelProblem, batch: Int, head: Int, rows: BlockRange) {
  let first = (batch * problem.queryHeads + head) * problem.queryLength
  var row = rows.start
  while row < rows.end {
    let source = problem.queryGradientSum.unsafelyUnwrapped + (first + row) * problem.queryGradientStride
    let offset = problem.queryGradient.offset(batch: batch, head: head, row: row)
    var column = 0
    while column < problem.headDimension {
      problem.queryGradient.store(
        Vector(at: source + column), at: offset + column * problem.queryGradient.columnStride,
        count: problem.headDimension - column)
      column += laneCount
    }
    row += 1
  }
}
