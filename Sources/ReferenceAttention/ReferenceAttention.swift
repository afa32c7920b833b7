import FlashAttention

/// Attention in fp64, written as plainly as the formulas of the contract: what every back end is measured against.
///
/// It computes one row of scores at a time and is meant to be read, not to be fast.
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
  /// What is rounded on the way.
  public let precision: Precision
  /// The elements of a mask broadcast to [B, Hq, Sq, Sk], or nil.
  let permissions: [Bool]?
  /// The elements of a bias broadcast to [B, Hq, Sq, Sk], or nil; −∞ forbids.
  let biases: [Double]?

  /// The problem that the arguments of a call pose, converted to fp64 without rounding.
  ///
  /// - Throws: ``AttentionError`` where the mask or the bias does not broadcast to [B, Hq, Sq, Sk].
  public init<Element: AttentionElement>(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    scale: Float? = nil, softcap: Float? = nil, mask: AttentionMask = .full, booleanMask: TensorView<Bool>? = nil,
    bias: Tensor<Double>? = nil, precision: Precision = .exact
  ) throws {
    try self.init(
      exactly: Tensor(converting: queries), keys: Tensor(converting: keys), values: Tensor(converting: values),
      scale: scale.map(Double.init), softcap: softcap.map(Double.init), mask: mask, booleanMask: booleanMask,
      bias: bias, precision: precision)
  }

  /// The problem that fp64 arguments pose.
  ///
  /// - Throws: ``AttentionError`` where the mask or the bias does not broadcast to [B, Hq, Sq, Sk].
  public init(
    exactly queries: Tensor<Double>, keys: Tensor<Double>, values: Tensor<Double>, scale: Double? = nil,
    softcap: Double? = nil, mask: AttentionMask = .full, booleanMask: TensorView<Bool>? = nil,
    bias: Tensor<Double>? = nil, precision: Precision = .exact
  ) throws {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.scale = scale ?? 1 / Double(queries.shape[3]).squareRoot()
    self.softcap = softcap
    self.mask = mask
    self.precision = precision
    let scores = [queries.shape[0], queries.shape[1], queries.shape[2], keys.shape[2]]
    permissions = try booleanMask?.broadcast(to: scores).scalars
    biases = try bias?.view.broadcast(to: scores).scalars
  }

  var batch: Int { queries.shape[0] }
  var queryHeads: Int { queries.shape[1] }
  var queryLength: Int { queries.shape[2] }
  var keyLength: Int { keys.shape[2] }
  var headDimension: Int { queries.shape[3] }
  var valueDimension: Int { values.shape[3] }

  func rowIndex(batch: Int, head: Int, query: Int) -> Int { (batch * queryHeads + head) * queryLength + query }

  /// The index of the first key that a query head sees, among the keys of all batches and heads.
  func firstKeyIndex(batch: Int, head: Int) -> Int {
    (batch * keys.shape[1] + head / (queryHeads / keys.shape[1])) * keyLength
  }
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
    let rowIndex = rowIndex(batch: batch, head: head, query: query)
    let firstKey = firstKeyIndex(batch: batch, head: head)
    let dimension = headDimension
    queries.withSpan { q in
      keys.withSpan { k in
        for key in 0..<keyLength {
          let bias = biases?[rowIndex * keyLength + key] ?? 0
          permitted[key] =
            mask.permits(query: query, key: key, queryLength: queryLength, keyLength: keyLength)
            && permissions?[rowIndex * keyLength + key] ?? true && bias != -.infinity
          guard permitted[key] else { continue }
          let product = precision.product(
            q, at: rowIndex * dimension, k, at: (firstKey + key) * dimension, count: dimension)
          var score = precision.stored(scale * product)
          if let softcap {
            tangents[key] = precision.stored(tanhOf(score / softcap))
            score = precision.stored(softcap * tangents[key])
          }
          scores[key] = bias == 0 ? score : precision.stored(score + bias)
        }
      }
    }
    guard permitted.contains(true) else {
      return Row(
        probabilities: [Double](repeating: 0, count: keyLength), tangents: tangents, permitted: permitted,
        logSumExp: -.infinity)
    }
    let maximum = scores.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
    var weights = [Double](repeating: 0, count: keyLength)
    var sum = 0.0
    for key in 0..<keyLength where permitted[key] {
      weights[key] = precision.held(expOf(precision.held(scores[key] - maximum)))
      sum = precision.held(sum + weights[key])
    }
    return Row(
      probabilities: weights.map { precision.stored($0 / sum) }, tangents: tangents, permitted: permitted,
      logSumExp: precision.held(maximum + logOf(sum)))
  }

  /// The output of one query: Σ P V over the keys it may see.
  public func output(of row: Row, batch: Int, head: Int) -> [Double] {
    let firstKey = firstKeyIndex(batch: batch, head: head)
    var output = [Double](repeating: 0, count: valueDimension)
    values.withSpan { values in
      for key in 0..<keyLength where row.permitted[key] {
        precision.add(
          row.probabilities[key], times: values, at: (firstKey + key) * valueDimension, to: &output, at: 0,
          count: valueDimension)
      }
    }
    return output.map { precision.stored($0) }
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
}

extension ReferenceAttention {
  /// Merges results over disjoint keys: O = Σ exp(LSEₖ − LSE) Oₖ with LSE = ln Σ exp(LSEₖ).
  public static func merge(
    _ first: (output: [Double], logSumExp: [Double]), _ second: (output: [Double], logSumExp: [Double]),
    valueDimension: Int
  ) -> (output: [Double], logSumExp: [Double]) {
    var output = first.output
    var logSumExp = first.logSumExp
    for row in logSumExp.indices {
      let maximum = max(first.logSumExp[row], second.logSumExp[row])
      if maximum == -.infinity { continue }
      let a = expOf(first.logSumExp[row] - maximum)
      let b = expOf(second.logSumExp[row] - maximum)
      logSumExp[row] = maximum + logOf(a + b)
      for column in row * valueDimension..<(row + 1) * valueDimension {
        output[column] = (a * first.output[column] + b * second.output[column]) / (a + b)
      }
    }
    return (output, logSumExp)
  }
}
