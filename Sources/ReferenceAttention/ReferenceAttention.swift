import FlashAttention

/// Attention in fp64, written as plainly as the formulas of the contract: what every back end is measured against.
///
/// It stores one row of scores at a time and is meant to be read, not to be fast.
public struct ReferenceAttention: Sendable {
  /// Q, [B, Hq, Sq, D].
  public let queries: Tensor<Double>
  /// K, [B, Hkv, Sk, D].
  public let keys: Tensor<Double>
  /// V, [B, Hkv, Sk, Dv].
  public let values: Tensor<Double>
  /// The factor of Q Kᵀ.
  public let scale: Double
  /// The cap of the scores, or nil for none.
  public let softcap: Double?
  /// The positional mask.
  public let mask: AttentionMask
  /// A mask broadcast to [B, Hq, Sq, Sk], or nil.
  public let booleanMask: TensorView<Bool>?
  /// A bias broadcast to [B, Hq, Sq, Sk], or nil; −∞ forbids.
  public let bias: TensorView<Double>?

  /// The problem that the arguments of a call pose, converted to fp64 without rounding.
  ///
  /// - Throws: ``AttentionError`` where the mask or the bias does not broadcast to [B, Hq, Sq, Sk].
  public init<Element: AttentionElement>(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    scale: Float? = nil, softcap: Float? = nil, mask: AttentionMask = .full, booleanMask: TensorView<Bool>? = nil,
    bias: Tensor<Double>? = nil
  ) throws {
    self.queries = Tensor(mapping: queries) { Double($0) }
    self.keys = Tensor(mapping: keys) { Double($0) }
    self.values = Tensor(mapping: values) { Double($0) }
    self.scale = scale.map(Double.init) ?? 1 / Double(queries.shape[3]).squareRoot()
    self.softcap = softcap.map(Double.init)
    self.mask = mask
    let scores = [queries.shape[0], queries.shape[1], queries.shape[2], keys.shape[2]]
    self.booleanMask = try booleanMask?.broadcast(to: scores)
    self.bias = try bias?.view.broadcast(to: scores)
  }

  var batch: Int { queries.shape[0] }
  var queryHeads: Int { queries.shape[1] }
  var queryLength: Int { queries.shape[2] }
  var keyLength: Int { keys.shape[2] }
  var headDimension: Int { queries.shape[3] }
  var valueDimension: Int { values.shape[3] }

  func keyValueHead(_ head: Int) -> Int { head / (queryHeads / keys.shape[1]) }
}

// MARK: Forward

extension ReferenceAttention {
  /// One row of the attention matrix.
  public struct Row: Sendable {
    /// softmax(S), one probability per key; all zero where no key is permitted.
    public let probabilities: [Double]
    /// tanh(S / cap) per key, where there is a cap.
    let tangents: [Double]
    /// Whether the query may see each key.
    let permitted: [Bool]
    /// ln Σ exp(S).
    public let logSumExp: Double
  }

  /// The probabilities of one query.
  public func row(batch: Int, head: Int, query: Int) -> Row {
    var scores = [Double](repeating: -.infinity, count: keyLength)
    var tangents = [Double](repeating: 0, count: keyLength)
    var permitted = [Bool](repeating: false, count: keyLength)
    let keyValueHead = keyValueHead(head)
    for key in 0..<keyLength {
      let bias = bias?[[batch, head, query, key]] ?? 0
      permitted[key] =
        mask.permits(query: query, key: key, queryLength: queryLength, keyLength: keyLength)
        && booleanMask?[[batch, head, query, key]] ?? true && bias != -.infinity
      guard permitted[key] else { continue }
      var score = scale * product(queries, row: (batch, head, query), keys, row: (batch, keyValueHead, key))
      if let softcap {
        tangents[key] = tanhOf(score / softcap)
        score = softcap * tangents[key]
      }
      scores[key] = score + bias
    }
    guard let maximum = scores.max(by: { $0 < $1 }), permitted.contains(true) else {
      return Row(
        probabilities: [Double](repeating: 0, count: keyLength), tangents: tangents, permitted: permitted,
        logSumExp: -.infinity)
    }
    let weights = scores.indices.map { permitted[$0] ? expOf(scores[$0] - maximum) : 0 }
    let sum = weights.reduce(0, +)
    return Row(
      probabilities: weights.map { $0 / sum }, tangents: tangents, permitted: permitted,
      logSumExp: maximum + logOf(sum))
  }

  /// The output of one query: Σ P V over the keys it may see.
  public func output(of row: Row, batch: Int, head: Int) -> [Double] {
    let keyValueHead = keyValueHead(head)
    var output = [Double](repeating: 0, count: valueDimension)
    values.withSpan { values in
      for key in 0..<keyLength where row.permitted[key] {
        let start = ((batch * keys.shape[1] + keyValueHead) * keyLength + key) * valueDimension
        for column in 0..<valueDimension { output[column] += row.probabilities[key] * values[start + column] }
      }
    }
    return output
  }

  /// O, [B, Hq, Sq, Dv], and LSE, [B, Hq, Sq].
  public func forward() throws -> (output: Tensor<Double>, logSumExp: Tensor<Double>) {
    var output: [Double] = []
    var logSumExp: [Double] = []
    for batch in 0..<batch {
      for head in 0..<queryHeads {
        for query in 0..<queryLength {
          let row = row(batch: batch, head: head, query: query)
          output += self.output(of: row, batch: batch, head: head)
          logSumExp.append(row.logSumExp)
        }
      }
    }
    let rows = [batch, queryHeads, queryLength]
    return (try Tensor(output, shape: rows + [valueDimension]), try Tensor(logSumExp, shape: rows))
  }

  /// The product of a row of one tensor and a row of another.
  private func product(
    _ first: Tensor<Double>, row firstRow: (Int, Int, Int), _ second: Tensor<Double>, row secondRow: (Int, Int, Int)
  ) -> Double {
    let length = first.shape[3]
    let firstStart = ((firstRow.0 * first.shape[1] + firstRow.1) * first.shape[2] + firstRow.2) * length
    let secondStart = ((secondRow.0 * second.shape[1] + secondRow.1) * second.shape[2] + secondRow.2) * length
    return first.withSpan { first in
      second.withSpan { second in
        var sum = 0.0
        for index in 0..<length { sum += first[firstStart + index] * second[secondStart + index] }
        return sum
      }
    }
  }
}
