import KernelIntrinsics

/// Rows of attention over a part of the keys, which a merge with the other parts makes whole.
///
/// A partial row is Σ 2^(s − m) v over the part's keys, in fp32, and after it m, the largest score in base 2 or a
/// little less, and ℓ = Σ 2^(s − m). Two parts merge into the row of their union, associatively: with M = max(m₁, m₂),
/// O = 2^(m₁ − M) O₁ + 2^(m₂ − M) O₂, and ℓ likewise. A part without a permitted key has m = −∞, ℓ = 0 and O = 0 and
/// changes nothing.
struct PartialRows {
  let base: UnsafeMutablePointer<Float>
  let stride: Int
  private let state: Int

  init(base: UnsafeMutablePointer<Float>, _ problem: KernelProblem) {
    self.base = base
    state = paddedColumns(problem.valueDimension)
    stride = state + laneCount
  }

  @inline(__always)
  func output(_ row: Int) -> UnsafeMutablePointer<Float> { base + row * stride }

  @inline(__always)
  func maximum(_ row: Int) -> Float { base[row * stride + state] }

  @inline(__always)
  func sum(_ row: Int) -> Float { base[row * stride + state + 1] }

  @inline(__always)
  func setState(_ row: Int, maximum: Float, sum: Float) {
    base[row * stride + state] = maximum
    base[row * stride + state + 1] = sum
  }

  /// The rows as an operand that is addressed like the output, by head and query.
  func operand(_ item: ForwardItem) -> KernelOperand {
    let origin = item.firstHead * item.queries + item.firstQuery
    return KernelOperand(
      base: UnsafeMutableRawPointer(base - origin * stride), element: StoredElement.float32.rawValue, batchStride: 0,
      headStride: item.queries * stride, rowStride: stride, columnStride: 1, rowsEnd: 0)
  }
}

/// Merges the partial rows of the queries of `item` and writes their output and log-sum-exp.
///
/// The parts are added in the order of their keys, whoever computed them.
///
/// - Parameters:
///   - parts: The partial rows of part 0.
///   - count: The number of parts.
///   - partStride: The distance of neighbouring parts, in elements.
func mergePartialRows(
  _ problem: KernelProblem, _ item: ForwardItem, parts: UnsafeMutablePointer<Float>, count: Int, partStride: Int
) {
  var row = 0
  while row < item.heads * item.queries {
    let head = item.firstHead + row / item.queries
    let query = item.firstQuery + row % item.queries
    var largest = -Float.infinity
    var part = 0
    while part < count {
      let maximum = PartialRows(base: parts + part * partStride, problem).maximum(row)
      if maximum > largest { largest = maximum }
      part += 1
    }
    // Where nothing is permitted the largest is −∞, and −∞ − (−∞) is not a number; any finite value does.
    let reference = largest == -.infinity ? 0 : largest

    // The weights replace the maxima, which are not needed any more.
    var sum: Float = 0
    part = 0
    while part < count {
      let rows = PartialRows(base: parts + part * partStride, problem)
      let weight = Vector(repeating: rows.maximum(row) - reference).exponentiated2[0]
      sum = sum.adding(product: weight, rows.sum(row))
      rows.setState(row, maximum: weight, sum: rows.sum(row))
      part += 1
    }
    let reciprocal = Vector(repeating: sum == 0 ? 0 : 1 / sum)
    let offset = problem.output.offset(batch: item.batch, head: head, row: query)
    var column = 0
    while column < problem.valueDimension {
      var total = Vector.zeros
      part = 0
      while part < count {
        let rows = PartialRows(base: parts + part * partStride, problem)
        total = total.adding(product: Vector(repeating: rows.maximum(row)), Vector(at: rows.output(row) + column))
        part += 1
      }
      problem.output.store(
        total * reciprocal, at: offset + column * problem.output.columnStride, count: problem.valueDimension - column)
      column += laneCount
    }
    let index = (item.batch * problem.queryHeads + head) * problem.queryLength + query
    problem.logSumExp.unsafelyUnwrapped[index] = kernel_log_sum_exp(largest, sum)
    row += 1
  }
}
