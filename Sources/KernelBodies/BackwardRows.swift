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
    let output = problem.output.offset(batch: batch, head: head, row: row)
    let gradient = problem.outputGradient.offset(batch: batch, head: head, row: row)
    var sums = Vector.zeros
    var column = 0
    while column < problem.valueDimension {
      let remaining = problem.valueDimension - column
      sums = sums.adding(
        product: problem.output.vector(at: output + column * problem.output.columnStride, count: remaining),
        problem.outputGradient.vector(
          at: gradient + column * problem.outputGradient.columnStride, count: remaining))
      column += laneCount
    }
    var delta: Float = 0
    for lane in 0..<laneCount { delta += sums[lane] }
    problem.rowDelta.unsafelyUnwrapped[first + row] = delta
    row += 1
  }
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
