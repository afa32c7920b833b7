import PTX

extension ScoreRules {
  /// The rules for single positions of one row.
  struct ScalarRow {
    let rules: ScoreRules
    let row: TileRow
    let bias: (tensor: ScoreTensor, start: Pointer<Global>)?
    let mask: (tensor: ScoreTensor, start: Pointer<Global>)?

    private var frame: ForwardFrame { rules.frame }
    private var blockKeys: Int { frame.kernel.tile.keys }

    /// The first key of a range of blocks that the row sees.
    func firstKey(in range: KeyRange) -> Value<S32> {
      let first = range.first * blockKeys
      guard let left = Band(frame)?.left else { return first }
      return .maximum(first, row.query - left)
    }

    /// The key behind the last one that it sees.
    func endKey(in range: KeyRange) -> Value<S32> {
      let end = Value<S32>.minimum(range.end * blockKeys, frame.keyLength)
      guard let band = Band(frame) else { return end }
      return .minimum(end, row.query + band.right + 1)
    }

    /// Whether mask and bias let the row see a key.
    func permits(_ key: Value<S32>) -> Predicate {
      var permits = Predicate(true)
      if let mask {
        permits = frame.b.load(U8.self, from: mask.start + mask.tensor.distance(ofKey: key)) .!= 0
      }
      if let bias {
        permits = permits
          .& (bias.tensor.number(at: bias.start + bias.tensor.distance(ofKey: key)) .!= OnlineSoftmax.minusInfinity)
      }
      return permits
    }

    /// The score of a product of query and key.
    func score(_ product: Value<F32>, _ key: Value<S32>) -> Value<F32> {
      let score = rules.score(ofProduct: product)
      guard let bias else { return score }
      let number = bias.tensor.number(at: bias.start + bias.tensor.distance(ofKey: key))
      return score + ScoreRules.addend(ofBias: number)
    }
  }

  func scalarRow(_ row: TileRow, _ item: WorkItem) -> ScalarRow {
    let bias = frame.kernel.bias.map { _ in ScoreTensor(frame, .bias) }
    let mask = frame.kernel.isMasked ? ScoreTensor(frame, .mask) : nil
    return ScalarRow(
      rules: self, row: row, bias: bias.map { ($0, $0.row(row, item)) }, mask: mask.map { ($0, $0.row(row, item)) })
  }
}
