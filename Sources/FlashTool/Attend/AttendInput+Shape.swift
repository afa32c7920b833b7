import FlashAttention

extension AttendInput {
  /// The sizes of the problem that query, key and value pose.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first tensor that does not fit.
  func shape() throws -> AttentionShape {
    try require("query", query.shape, [nil, nil, nil, nil], "[B, Hq, Sq, D]")
    try require("key", key.shape, [query.shape[0], nil, nil, query.shape[3]], "[B, Hkv, Sk, D]")
    try require("value", value.shape, [key.shape[0], key.shape[1], key.shape[2], nil], "[B, Hkv, Sk, Dv]")
    return try AttentionShape(
      batch: query.shape[0], queryHeads: query.shape[1], keyValueHeads: key.shape[1], queryLength: query.shape[2],
      keyLength: key.shape[2], headDimension: query.shape[3], valueDimension: value.shape[3])
  }

  private func require(_ name: String, _ shape: [Int], _ expected: [Int?], _ letters: String) throws {
    guard shape.count == expected.count, zip(shape, expected).allSatisfy({ $1 == nil || $0 == $1 }) else {
      let sizes = expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", ")
      throw AttentionError.invalidArgument(
        "tensor \"\(name)\" of \(path)", was: "\(shape)", expected: "\(letters) = [\(sizes)]")
    }
  }

  /// Calls `body`, and in an error that names an argument of the library's call, names the file's tensor instead.
  func namingTensors<Result>(_ body: () throws -> Result) throws -> Result {
    let tensors = ["booleanMask": "mask", "bias": "bias", "outputGradient": "output_gradient"]
    do {
      return try body()
    } catch AttentionError.invalidArgument(let argument, let was, let expected) {
      let name = tensors[argument].map { "tensor \"\($0)\" of \(path)" } ?? argument
      throw AttentionError.invalidArgument(name, was: was, expected: expected)
    }
  }
}
