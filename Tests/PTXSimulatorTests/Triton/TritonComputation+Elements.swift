extension TritonComputation.Operands {
  typealias Expectation = TritonComputation.Expectation

  /// x + y, rounded once.
  func add() -> Expectation {
    zip(self["x"], self["y"]).map { ($0 + $1, 0) }
  }

  /// x in the type of out; to integers towards zero.
  func convert() -> Expectation {
    self["x"].map { (tensors["out"]?.element.rounded($0) ?? .nan, 0) }
  }

  /// The transpose of x.
  func transpose() -> Expectation {
    let (rows, columns) = (shape("x")[0], shape("x")[1])
    return (0..<rows * columns).map { (self["x"][$0 % rows * columns + $0 / rows], 0) }
  }

  /// How often every index occurs in x.
  func histogram() -> Expectation {
    var counts = [Double](repeating: 0, count: shape("out")[0])
    for index in self["x"] { counts[Int(index)] += 1 }
    return counts.map { ($0, 0) }
  }
}
