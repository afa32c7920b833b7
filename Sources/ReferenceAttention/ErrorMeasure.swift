import FlashAttention

/// How far a result is from its reference.
public enum ErrorMeasure {
  /// ‖result − reference‖ / ‖reference‖ over all elements; the norm of the difference where the reference is zero.
  ///
  /// Elements where both are NaN or both the same infinity agree; where only one is, the error is infinite.
  public static func relative<Element: AttentionElement>(
    _ result: some StridedTensor<Element>, _ reference: Tensor<Double>
  ) -> Double {
    precondition(result.shape == reference.shape, "\(result.shape) is compared with \(reference.shape)")
    return relative(result.doubles, reference.scalars)
  }

  /// ‖result − reference‖ / ‖reference‖ of two lists of the same length.
  public static func relative(_ result: [Double], _ reference: [Double]) -> Double {
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(result, reference) {
      if a == b || (a.isNaN && b.isNaN) {
        if b.isFinite { norm += b * b }
        continue
      }
      guard a.isFinite && b.isFinite else { return .infinity }
      difference += (a - b) * (a - b)
      norm += b * b
    }
    if difference == 0 { return 0 }
    return norm == 0 ? difference.squareRoot() : (difference / norm).squareRoot()
  }

  /// ‖list‖ over its finite elements.
  public static func norm(_ list: [Double]) -> Double {
    var sum = 0.0
    for element in list where element.isFinite { sum += element * element }
    return sum.squareRoot()
  }

  /// Whether two lists hold the same numbers and NaN in the same places.
  public static func areIdentical(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
  }

  /// ‖result − reference‖ / ‖reference‖ over the chosen rows of two tensors of as many rows as there are choices.
  public static func relative(_ result: [Double], _ reference: [Double], rowsOf choices: [Bool]) -> Double {
    let columns = choices.isEmpty ? 0 : result.count / choices.count
    func chosen(_ list: [Double]) -> [Double] {
      choices.indices.flatMap { choices[$0] ? list[$0 * columns..<($0 + 1) * columns] : [] }
    }
    return relative(chosen(result), chosen(reference))
  }
}
