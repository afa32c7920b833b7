import PTX

/// Computes rows once more, without the tensor cores, so that a number that is not finite reaches only the rows that
/// see it.
///
/// Matrix products multiply the values of forbidden keys by a probability of zero, which is NaN where a value is an
/// infinity or NaN. Results of such rows are not finite, so only they are computed again, each by a whole warp, leaving
/// forbidden keys out. On finite inputs nothing of this runs. The log-sum-exp is right as it is: forbidden scores are
/// −∞, whatever their products are.
struct CarefulRows {
  let frame: ForwardFrame
  let item: WorkItem
  let keys: KeyRange
  let rules: ScoreRules
  let lane: Value<U32>
  /// The warp's first row of the tile.
  let warpRow: Value<U32>

  private var b: KernelBuilder { frame.b }

  /// - Parameters:
  ///   - needCare: For each row of which the lane holds elements, whether it has to be computed again.
  ///   - store: Stores an element of a row, given by its number in the tile, and of a column.
  func replace(
    where needCare: [Predicate], store: (_ row: Value<U32>, _ column: Value<U32>, Value<F32>) -> Void
  ) {
    b.comment("rows with results that are not finite")
    let flags = needCare.map { $0.select(1 as Value<U32>, else: 0) }
    let any = flags.reduce(0 as Value<U32>, |)
    b.branch(if: b.ballot(any .!= 0) .!= 0) {
      // What the lanes have written before is replaced.
      b.synchronizeWarp()
      b.loop(from: 0, to: Value<U32>(8 * flags.count)) { row in
        // Row r of 16 belongs to lanes 4 · (r mod 8) and the three after it.
        let group = row >> 3
        let ofGroup = flags.indices.dropFirst().reduce(flags[0]) { (group .== $1).select(flags[$1], else: $0) }
        let needsCare = b.broadcast(ofGroup, fromLane: (row & 7) * 4)
        b.branch(if: needsCare .!= 0) { compute(warpRow + row, store) }
      }
    }
  }

  private func compute(_ place: Value<U32>, _ store: (Value<U32>, Value<U32>, Value<F32>) -> Void) {
    let kernel = frame.kernel
    let row = TileRow(frame, item, row: place)
    let query = elements(kernel.headDimension, at: row.address(.query, frame, item), frame.stride(.query, .element))
    let softmax = OnlineSoftmax(b, rows: 1, factor: nil)
    let (maximum, sum) = (softmax.maxima[0], softmax.sums[0])
    let output = (0..<((kernel.valueDimension + 31) / 32)).map { _ in b.variable(0.0 as Value<F32>) }
    let key = frame.plane(.key, batch: item.batch, head: item.keyHead)
    let value = frame.plane(.value, batch: item.batch, head: item.keyHead)
    let scoreRow = rules.scalarRow(row, item)

    b.loop(from: scoreRow.firstKey(in: keys), to: scoreRow.endKey(in: keys)) { index in
      let distance = index.bits(as: U32.self).widened
      b.branch(if: scoreRow.permits(index)) {
        let key = elements(
          kernel.headDimension, at: key + distance * frame.stride(.key, .row), frame.stride(.key, .element))
        let products = OnlineSoftmax.tree(zip(query, key).map { $0 * $1 }, +)
        let product = [1, 2, 4, 8, 16].reduce(products) { $0 + b.exchange($0, acrossLanes: $1) }
        let score = scoreRow.score(product, index)
        let before = b.variable(maximum.value).value
        maximum.maximize(score)
        let reference = -(maximum.value .== OnlineSoftmax.minusInfinity).select(0.0, else: maximum.value)
        let correction = Value<F32>.exponential2(before + reference)
        let probability = Value<F32>.exponential2(score + reference)
        sum.multiply(by: correction, adding: probability)
        let values = elements(
          kernel.valueDimension, at: value + distance * frame.stride(.value, .row), frame.stride(.value, .element))
        for (element, value) in zip(output, values) {
          element.multiply(by: correction, adding: probability * value)
        }
      }
    }

    let reciprocal = ForwardEpilogue.reciprocal(ofSum: sum.value)
    for (index, element) in output.enumerated() {
      let column = lane + index * 32
      b.branch(if: column .< kernel.valueDimension) { store(place, column, element.value * reciprocal) }
    }
  }

  /// Every 32nd element of a row from the lane's number on, and zeros behind its end.
  private func elements(_ count: Int, at row: Pointer<Global>, _ stride: Value<U64>) -> [Value<F32>] {
    (0..<((count + 31) / 32)).map { index in
      let column = lane + index * 32
      let bits = b.variable(0 as Value<B16>)
      b.predicated(by: column .< count) {
        bits.value = b.load(B16.self, from: row + column.widened * stride)
      }
      return b.float(bits.value, of: frame.kernel.element)
    }
  }
}
