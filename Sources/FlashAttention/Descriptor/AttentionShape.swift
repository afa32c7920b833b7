/// The sizes of an attention problem, in the letters of the field.
public struct AttentionShape: Sendable, Hashable {
  /// B.
  public let batch: Int
  /// Hq.
  public let queryHeads: Int
  /// Hkv; Hq is a multiple of it.
  public let keyValueHeads: Int
  /// Sq.
  public let queryLength: Int
  /// Sk.
  public let keyLength: Int
  /// D, the dimension of queries and keys.
  public let headDimension: Int
  /// Dv, the dimension of values.
  public let valueDimension: Int

  /// Checks and holds the sizes of a problem.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where a size is negative, a head dimension is 0, or
  ///   the query heads are not a multiple of the key/value heads.
  public init(
    batch: Int, queryHeads: Int, keyValueHeads: Int, queryLength: Int, keyLength: Int, headDimension: Int,
    valueDimension: Int
  ) throws {
    let lengths = [
      ("batch", batch), ("query heads", queryHeads), ("key/value heads", keyValueHeads),
      ("query length", queryLength), ("key length", keyLength),
    ]
    for (name, size) in lengths where size < 0 {
      throw AttentionError.invalidArgument(name, was: "\(size)", expected: "at least 0")
    }
    for (name, size) in [("head dimension", headDimension), ("value dimension", valueDimension)] where size < 1 {
      throw AttentionError.invalidArgument(name, was: "\(size)", expected: "at least 1")
    }
    guard keyValueHeads == 0 ? queryHeads == 0 : queryHeads % keyValueHeads == 0 else {
      throw AttentionError.invalidArgument(
        "query heads", was: "\(queryHeads)", expected: "a multiple of the \(keyValueHeads) key/value heads")
    }
    self.batch = batch
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.queryLength = queryLength
    self.keyLength = keyLength
    self.headDimension = headDimension
    self.valueDimension = valueDimension
  }

  /// The number of query heads that share one key/value head.
  ///
  /// 1 where there is no query head at all, so that it can be divided by.
  public var headsPerGroup: Int { keyValueHeads == 0 ? 1 : max(queryHeads / keyValueHeads, 1) }

  /// The shape of queries and their gradient: [B, Hq, Sq, D].
  public var queries: [Int] { queryAxes.sizes }
  /// The shape of keys and their gradient: [B, Hkv, Sk, D].
  public var keys: [Int] { keyAxes.sizes }
  /// The shape of values and their gradient: [B, Hkv, Sk, Dv].
  public var values: [Int] { valueAxes.sizes }
  /// The shape of the output and its gradient: [B, Hq, Sq, Dv].
  public var output: [Int] { outputAxes.sizes }
  /// The shape of the log-sum-exp: [B, Hq, Sq].
  public var rows: [Int] { [batch, queryHeads, queryLength] }
  /// The shape that masks and biases broadcast to: [B, Hq, Sq, Sk].
  public var scores: [Int] { scoreAxes.sizes }
}

extension AttentionShape {
  /// The sizes of the problem that three tensors pose.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first tensor that does not fit.
  package init(queries: [Int], keys: [Int], values: [Int]) throws {
    func check(_ name: String, _ shape: [Int], _ expected: [Int?], _ letters: String) throws {
      guard shape.count == expected.count, zip(shape, expected).allSatisfy({ $1 == nil || $0 == $1 }) else {
        let sizes = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
        throw AttentionError.invalidArgument(name, was: "\(shape)", expected: "\(letters) = [\(sizes)]")
      }
    }
    try check("queries", queries, [nil, nil, nil, nil], "[B, Hq, Sq, D]")
    try check("keys", keys, [queries[0], nil, nil, queries[3]], "[B, Hkv, Sk, D]")
    try check("values", values, [queries[0], keys[1], keys[2], nil], "[B, Hkv, Sk, Dv]")
    try self.init(
      batch: queries[0], queryHeads: queries[1], keyValueHeads: keys[1], queryLength: queries[2], keyLength: keys[2],
      headDimension: queries[3], valueDimension: values[3])
  }
}

extension AttentionShape: CustomStringConvertible {
  public var description: String {
    """
    B \(batch), Hq \(queryHeads), Hkv \(keyValueHeads), Sq \(queryLength), Sk \(keyLength), D \(headDimension), \
    Dv \(valueDimension)
    """
  }
}
