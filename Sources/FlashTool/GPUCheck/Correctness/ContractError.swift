import FlashAttention
import ReferenceAttention

/// The error of some rows of a result, and what the contract allows: 1e-5, or, where that is more, twice the error of
/// materialised attention in the element type plus that of storing the result.
struct ContractError {
  let output: Double
  let outputBound: Double
  let logSumExp: Double

  /// The log-sum-exp is fp32 whatever the element type.
  static let logSumExpBound = 1e-5

  var isKept: Bool { output <= outputBound && logSumExp <= Self.logSumExpBound }

  /// - Parameters:
  ///   - rows: The rows that are compared, as (batch, head, query).
  ///   - exact: The problem in fp64.
  ///   - materialized: The same problem as materialised attention computes it.
  ///   - output: The output's rows, one after the other.
  ///   - logSumExp: The log-sum-exp of each.
  init(
    rows: [(batch: Int, head: Int, query: Int)], exact: ReferenceAttention, materialized: ReferenceAttention,
    type: AttentionElementType, output: [Double], logSumExp: [Double]
  ) {
    var expected: [Double] = []
    var expectedLogSumExp: [Double] = []
    var yardstick: [Double] = []
    for (batch, head, query) in rows {
      let row = exact.row(batch: batch, head: head, query: query)
      expected += exact.output(of: row, batch: batch, head: head)
      expectedLogSumExp.append(row.logSumExp)
      let other = materialized.row(batch: batch, head: head, query: query)
      yardstick += materialized.output(of: other, batch: batch, head: head)
    }
    let storing = ErrorMeasure.relative(expected.map { type.rounded($0) }, expected)
    self.output = ErrorMeasure.relative(output, expected)
    outputBound = max(1e-5, 2 * ErrorMeasure.relative(yardstick, expected) + storing)
    self.logSumExp = ErrorMeasure.relative(logSumExp, expectedLogSumExp)
  }

  var jsonMembers: [(String, JSONText)] {
    [
      ("output_error", .number(output)), ("output_bound", .number(outputBound)),
      ("log_sum_exp_error", .number(logSumExp)), ("log_sum_exp_bound", .number(Self.logSumExpBound)),
    ]
  }

  var text: String {
    "output \(BenchTable.errorText(output)) of \(BenchTable.errorText(outputBound)), "
      + "log-sum-exp \(BenchTable.errorText(logSumExp))"
  }
}
