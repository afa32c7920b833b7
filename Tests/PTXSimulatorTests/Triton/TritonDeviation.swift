/// Where results first are further from what is expected than roundings explain.
struct TritonDeviation: CustomStringConvertible {
  let index: Int
  let value: Double
  let expected: Double
  let bound: Double

  /// Nothing where all values are within their bounds: the errors of the computation, and one rounding to the type.
  init?(of values: [Double], from expectation: TritonComputation.Expectation, element: TritonElement) {
    precondition(values.count == expectation.count, "\(values.count) values of \(expectation.count)")
    for (index, (value, expected)) in zip(values, expectation).enumerated() {
      let rounding = element.unitRoundoff * (abs(expected.value) + expected.error) + element.smallestPositive / 2
      let bound = expected.error + rounding
      // Written so that NaN is a deviation.
      if !(abs(value - expected.value) <= bound) {
        self.init(index: index, value: value, expected: expected.value, bound: bound)
        return
      }
    }
    return nil
  }

  private init(index: Int, value: Double, expected: Double, bound: Double) {
    (self.index, self.value, self.expected, self.bound) = (index, value, expected, bound)
  }

  var description: String {
    "element \(index) is \(value), which is \(abs(value - expected)) from \(expected), more than \(bound)"
  }
}
