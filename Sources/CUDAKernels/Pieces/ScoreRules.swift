import PTX

/// What becomes of products of queries and keys before the softmax: scale, cap, bias and masks, in this order.
struct ScoreRules {
  let frame: ForwardFrame
  private let factor: Value<F32>
  private let cap: Value<F32>?
  private let rows: [Row]
  private let addends: ScoreAddends?
  /// 2 · (lane mod 4): the first of the lane's columns.
  private let firstColumn: Value<S32>

  /// What the band lets a row see.
  private struct Row {
    /// The last key, and the first where the band has a lower end.
    let last: Value<S32>
    let first: Value<S32>?
  }

  /// - Parameters:
  ///   - rows: The rows of which the lane holds elements.
  ///   - addends: The part of bias and mask for these rows, where there are any.
  init(_ frame: ForwardFrame, rows: [TileRow], addends: ScoreAddends?, lane: Value<U32>) {
    self.frame = frame
    self.addends = addends
    factor = frame.parameter(.scoreFactor, F32.self)
    cap = frame.kernel.isCapped ? frame.parameter(.cap, F32.self) : nil
    firstColumn = ((lane & 3) * 2).bits(as: S32.self)
    let band = Band(frame)
    self.rows = rows.map { row in
      var last = frame.keyLength - 1
      if let band { last = .minimum(last, row.query + band.right) }
      return Row(last: last, first: band?.left.map { row.query - $0 })
    }
  }

  /// What the softmax is to multiply scores by.
  var remainingFactor: Value<F32>? { frame.kernel.scalesScoresFirst ? nil : factor }

  /// Applies the rules to a tile whose keys begin at `firstKey`.
  ///
  /// - Parameter hidesSome: Whether the band or the end of the keys hides any of its positions.
  func apply(to scores: Fragments, firstKey: Value<S32>, hidesSome: Predicate) {
    let b = frame.b
    scale(scores)
    addends?.apply(to: scores)
    b.branch(if: hidesSome) {
      b.section(ForwardSection.edge.rawValue) { hideOutside(scores, firstKey) }
    }
  }

  private func hideOutside(_ scores: Fragments, _ firstKey: Value<S32>) {
    let b = frame.b
    b.comment("positions outside the band or behind the last key")
    let start = firstKey + firstColumn
    for (index, row) in rows.enumerated() {
      let last = row.last - start
      let first = row.first.map { $0 - start }
      for (column, element) in scores.row(index) {
        b.predicated(by: last .< column) { element.value = OnlineSoftmax.minusInfinity }
        if let first { b.predicated(by: first .> column) { element.value = OnlineSoftmax.minusInfinity } }
      }
    }
  }

  private func scale(_ scores: Fragments) {
    guard frame.kernel.scalesScoresFirst else { return }
    for element in scores.registers.joined().joined() {
      element.multiply(by: factor)
      if let cap { element.value = Self.capped(element.value, cap) }
    }
  }

  /// The score in base 2 of a product, before bias and masks.
  func score(ofProduct product: Value<F32>) -> Value<F32> {
    let scaled = product * factor
    return cap.map { Self.capped(scaled, $0) } ?? scaled
  }

  /// What a bias adds to a score in base 2. Only −∞ forbids: the smallest finite numbers, which take the place of −∞ in
  /// many programs, would overflow to it, and are held at the smallest number instead.
  static func addend(ofBias number: Value<F32>) -> Value<F32> {
    let scaled = number * Value(Logarithms.log2OfE)
    let overflows = (scaled .== OnlineSoftmax.minusInfinity) .& (number .!= OnlineSoftmax.minusInfinity)
    return overflows.select(Value(-Float.greatestFiniteMagnitude), else: scaled)
  }

  /// c · tanh x to a few units in the last place; the machine's own tanh is a thousand times less exact.
  ///
  /// As c − 2 c / (1 + e^(2 x)), and near zero, where that cancels, by the first terms of the series.
  static func capped(_ score: Value<F32>, _ cap: Value<F32>) -> Value<F32> {
    let power = Value<F32>.exponential2(score * Value(2 * Logarithms.log2OfE))
    let quotient = Value<F32>.approximateReciprocal(power + 1.0)
    let far = Value<F32>.multiplyAdd(quotient * -2.0, cap, cap)

    let square = score * score
    let series = [Value<F32>(-17 / 315), Value(2 / 15), Value(-1 / 3)].reduce(Value<F32>(62 / 2835)) {
      .multiplyAdd($0, square, $1)
    }
    let near = Value<F32>.multiplyAdd(series * square, score, score) * cap
    return (square .< Value(0.35 * 0.35)).select(near, else: far)
  }
}
