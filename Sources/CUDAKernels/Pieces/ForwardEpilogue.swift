import PTX

/// Divides the output by the sums and writes it with the log-sum-exp, from registers.
struct ForwardEpilogue {
  let frame: ForwardFrame
  let item: WorkItem
  let rows: [TileRow]
  let lane: Value<U32>

  private var b: KernelBuilder { frame.b }

  /// Divides the output by the sums, and writes the log-sum-exp.
  ///
  /// - Returns: For each row, whether forbidden keys may have spoilt it.
  func finish(_ output: Fragments, _ softmax: OnlineSoftmax) -> [Predicate] {
    b.comment("output and log-sum-exp")
    let results = ForwardResults(frame, item)
    return rows.enumerated().map { index, row in
      let sum = softmax.total(index)
      let reciprocal = Self.reciprocal(ofSum: sum)
      for (_, element) in output.row(index) { element.multiply(by: reciprocal) }
      b.branch(if: row.isPresent .& ((lane & 3) .== 0)) {
        results.store(logSumExp: Self.logSumExp(softmax.maxima[index].value, sum), row)
      }
      guard frame.kernel.forbidsPositions else { return Predicate(false) }
      return row.isPresent .& isNotFinite(output.row(index).map(\.element.value))
    }
  }

  /// Writes the output, and rows that forbidden keys may have spoilt once more.
  func store(_ output: Fragments, _ careful: CarefulRows, where needCare: [Predicate]) {
    let results = ForwardResults(frame, item)
    for (index, row) in rows.enumerated() {
      b.branch(if: row.isPresent) { results.store(output.row(index), row, firstColumn: (lane & 3) * 2) }
    }
    guard frame.kernel.forbidsPositions else { return }
    careful.replace(where: needCare) { row, column, number in
      results.store(number, TileRow(frame, item, row: row), column: column)
    }
  }

  /// What a row is multiplied by: a row that has seen nothing stays zero.
  static func reciprocal(ofSum sum: Value<F32>) -> Value<F32> {
    (sum .== 0.0).select(0.0, else: Value<F32>.reciprocal(sum))
  }

  /// ln Σ e^S from the largest score and the sum in base 2; −∞ where nothing was seen.
  static func logSumExp(_ maximum: Value<F32>, _ sum: Value<F32>) -> Value<F32> {
    (maximum + Value<F32>.logarithm2(sum)) * Value(Logarithms.naturalOfTwo)
  }

  /// Whether any element of a row, of which four lanes hold parts, is an infinity or no number.
  private func isNotFinite(_ elements: [Value<F32>]) -> Predicate {
    // Zero times a finite number is zero, and NaN otherwise.
    let products = elements.map { $0 * 0.0 }
    let ofLane = OnlineSoftmax.tree(products, +)
    let sum = [1, 2].reduce(ofLane) { $0 + b.exchange($0, acrossLanes: $1) }
    return sum .!= sum
  }
}
