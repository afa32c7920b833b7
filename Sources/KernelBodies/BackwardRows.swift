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
    let deltas = rowDeltas(problem, batch: batch, head: head, firstRow: row, count: count)
    for lane in 0..<laneCount where lane < count {
      problem.rowDelta.unsafelyUnwrapped[first + row + lane] = deltas[lane]
    }
    row += laneCount
  }
}

/// δ of up to a vector of rows, one in each lane.
///
/// The columns are summed one after the other, as the register tiles sum dP = Σ dO ∘ V: where a query sees one key only,
/// O is that key's V, and dP − δ is then exactly the zero that it is in mathematics.
@inline(__always)
private func rowDeltas(_ problem: KernelProblem, batch: Int, head: Int, firstRow: Int, count: Int) -> Vector {
  let output = problem.output
  let gradient = problem.outputGradient
  let outputStart = output.offset(batch: batch, head: head, row: firstRow)
  let gradientStart = gradient.offset(batch: batch, head: head, row: firstRow)
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
    transpose(&outputs)
    transpose(&gradients)
    for row in 0..<laneCount where row < used { sums = sums.adding(product: outputs[row], gradients[row]) }
    column += laneCount
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
