import PTX

/// The state of the softmax of the rows that a lane holds elements of, and its steps (Milakov and Gimelshein, 2018; Dao
/// et al., 2022, algorithm 1), in base 2.
///
/// For each row: the largest score so far, M, times the factor where scores are not scaled yet; and Σ 2^(S − M), of
/// which every lane of the four that share a row holds its part.
struct OnlineSoftmax {
  let b: KernelBuilder
  /// What scores are still to be multiplied by, or nil where they are in base 2 already.
  let factor: Value<F32>?
  let maxima: [Variable<F32>]
  let sums: [Variable<F32>]

  static var minusInfinity: Value<F32> { Value(-Float.infinity) }

  init(_ b: KernelBuilder, rows: Int, factor: Value<F32>?) {
    self.b = b
    self.factor = factor
    maxima = (0..<rows).map { _ in b.variable(Self.minusInfinity) }
    sums = (0..<rows).map { _ in b.variable(0.0 as Value<F32>) }
  }

  /// Replaces scores by 2^(S − M) with the new M, and returns for each row what earlier sums are to be multiplied by.
  func step(_ scores: Fragments) -> [Value<F32>] {
    (0..<scores.rowCount).map { row in
      let elements = scores.row(row).map(\.element)
      let largest = maximumOfQuad(Self.tree(elements.map(\.value), Value<F32>.maximum))
      let scaled = factor.map { largest * $0 } ?? largest
      let maximum = maxima[row]
      let before = b.variable(maximum.value).value
      maximum.maximize(scaled)
      // A row that has seen nothing has M = −∞, and S − M would be NaN.
      let reference = -(maximum.value .== Self.minusInfinity).select(0.0, else: maximum.value)
      let correction = Value<F32>.exponential2(before + reference)
      for element in elements {
        let exponent = factor.map { Value<F32>.multiplyAdd(element.value, $0, reference) } ?? element.value + reference
        element.value = Value<F32>.exponential2(exponent)
      }
      sums[row].multiply(by: correction, adding: Self.tree(elements.map(\.value), +))
      return correction
    }
  }

  /// The whole sum of a row, in every lane that shares it.
  func total(_ row: Int) -> Value<F32> {
    [1, 2].reduce(sums[row].value) { $0 + b.exchange($0, acrossLanes: $1) }
  }

  private func maximumOfQuad(_ value: Value<F32>) -> Value<F32> {
    [1, 2].reduce(value) { Value<F32>.maximum($0, b.exchange($0, acrossLanes: $1)) }
  }

  /// Combines neighbours, then their results and so on: short chains of dependent instructions.
  static func tree(_ values: [Value<F32>], _ combine: (Value<F32>, Value<F32>) -> Value<F32>) -> Value<F32> {
    if values.count == 1 { return values[0] }
    let middle = values.count / 2
    return combine(tree(Array(values[..<middle]), combine), tree(Array(values[middle...]), combine))
  }
}
