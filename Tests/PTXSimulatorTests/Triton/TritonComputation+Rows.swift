import Foundation

extension TritonComputation.Operands {
  /// The bound of the relative error of one operation in fp32.
  private static let unit = TritonElement.f32.unitRoundoff

  /// The rows of x.
  private var rows: [ArraySlice<Double>] {
    let columns = shape("x")[1]
    return stride(from: 0, to: self["x"].count, by: columns).map { self["x"][$0..<$0 + columns] }
  }

  /// The sum of terms; every term takes part in at most as many additions in fp32 as there are terms.
  private static func sum(_ terms: some Collection<Double>) -> (value: Double, error: Double) {
    (terms.reduce(0, +), Double(terms.count) * unit * terms.map(abs).reduce(0, +))
  }

  /// The softmax of every row. The argument of exp2, of magnitude m, is off by 3 m units, and exp2.approx by 2 ulp.
  func softmax() -> Expectation {
    rows.flatMap { row in
      let maximum = row.max() ?? 0
      let exponentials = row.map { exp($0 - maximum) }
      let total = exponentials.reduce(0, +)
      let largest = maximum - (row.min() ?? 0)
      let relative = (2 * 3 * largest + Double(row.count) + 16) * Self.unit
      return exponentials.map { ($0 / total, relative * $0 / total) }
    }
  }

  /// The sum of x.
  func sum() -> Expectation {
    [Self.sum(self["x"])]
  }

  /// The running sum of every row.
  func cumulativeSum() -> Expectation {
    rows.flatMap { row in row.indices.map { Self.sum(row[row.startIndex...$0]) } }
  }

  /// The index of the first largest element of every row.
  func argmax() -> Expectation {
    rows.map { row in
      let index = row.indices.max { row[$0] < row[$1] || (row[$0] == row[$1] && $0 > $1) }
      return (Double((index ?? 0) - row.startIndex), 0)
    }
  }

  /// The sum of every column.
  func columnSum() -> Expectation {
    (0..<shape("x")[1]).map { column in Self.sum(rows.map { $0[$0.startIndex + column] }) }
  }

  /// The sums of every column over the first rows.
  func runningSum() -> Expectation {
    rows.indices.flatMap { last in
      (0..<shape("x")[1]).map { column in Self.sum(rows[0...last].map { $0[$0.startIndex + column] }) }
    }
  }
}
