import Foundation

extension TritonComputation.Operands {
  /// a [m, k] times b [k, n].
  ///
  /// Every product takes part in at most k + 8 additions, and matrix instructions may truncate where they add. fp32
  /// operands are cut to tf32, which keeps 10 bits of the mantissa.
  func matmul() -> Expectation {
    let (a, b) = (self["a"], self["b"])
    let (m, k, n) = (shape("a")[0], shape("a")[1], shape("b")[1])
    let truncation = tensors["a"]?.element == .f32 ? 2 * 0x1p-10 : 0
    let relative = Double(k + 8) * 2 * TritonElement.f32.unitRoundoff + truncation
    return (0..<m * n).map { index in
      let (row, column) = (index / n, index % n)
      var sum = Sum()
      for depth in 0..<k { sum.add(a[row * k + depth] * b[depth * n + column]) }
      return (sum.value, relative * sum.magnitude)
    }
  }

  /// softmax(scale q k^T) v and the log-sum-exp of every row, with the scale and the logarithm in units of log 2.
  ///
  /// A score is off by d + 8 roundings of its magnitude; weights are rounded to the type of v before they meet it.
  func attention() -> [String: Expectation] {
    let (heads, length) = (shape("q")[0], shape("q")[1])
    var out: Expectation = []
    var logSumExp: Expectation = []
    for query in 0..<heads * length {
      let head = query / length * length
      let row = attendedRow(query: query, keys: head..<(numbers["causal"] == 1 ? query + 1 : head + length))
      out += row.out
      logSumExp.append(row.logSumExp)
    }
    return tensors["lse"] == nil ? ["out": out] : ["out": out, "lse": logSumExp]
  }

  /// A row of out and its log-sum-exp, from the rows of k and v that the query sees.
  private func attendedRow(
    query: Int, keys: Range<Int>
  ) -> (out: Expectation, logSumExp: Expectation.Element) {
    let (q, k, v) = (self["q"], self["k"], self["v"])
    let features = shape("q")[2]
    let scale = Double(Float(numbers["scale"] ?? .nan))
    let unit = TritonElement.f32.unitRoundoff
    let scores = keys.map { key in
      var sum = Sum()
      for feature in 0..<features { sum.add(scale * q[query * features + feature] * k[key * features + feature]) }
      return sum
    }
    let maximum = scores.map(\.value).max() ?? 0
    let weights = scores.map { exp2($0.value - maximum) }
    let total = weights.reduce(0, +)
    // A weight is off relatively by the errors of its score and of the maximum, the total by the additions.
    let scoreError = Double(features + 8) * 2 * unit * (scores.map(\.magnitude).max() ?? 0)
    let relative = 4 * scoreError + Double(keys.count + 16) * 2 * unit
    let weightUnit = tensors["v"]?.element.unitRoundoff ?? 0
    let out: Expectation = (0..<features).map { feature in
      var sum = Sum()
      for (index, key) in keys.enumerated() { sum.add(weights[index] / total * v[key * features + feature]) }
      return (sum.value, (weightUnit + relative) * sum.magnitude)
    }
    return (out, (maximum + log2(total), 2 * relative + 4 * unit * abs(maximum)))
  }

  /// A sum, and the sum of its terms' magnitudes.
  private struct Sum {
    var value = 0.0
    var magnitude = 0.0

    mutating func add(_ term: Double) {
      value += term
      magnitude += abs(term)
    }
  }
}
