import FlashAttention

extension AttendInput {
  /// The sizes of the problem that query, key and value pose.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first tensor that does not fit.
  func shape() throws -> AttentionShape {
    try namingTensors { try AttentionShape(queries: query.shape, keys: key.shape, values: value.shape) }
  }

  /// Calls `body`, and in an error that names an argument of the library's call, names the file's tensor instead.
  func namingTensors<Result>(_ body: () throws -> Result) throws -> Result {
    let tensors = [
      "queries": "query", "keys": "key", "values": "value", "booleanMask": "mask", "bias": "bias",
      "outputGradient": "output_gradient",
    ]
    do {
      return try body()
    } catch AttentionError.invalidArgument(let argument, let was, let expected) {
      let name = tensors[argument].map { "tensor \"\($0)\" of \(path)" } ?? argument
      throw AttentionError.invalidArgument(name, was: was, expected: expected)
    }
  }
}
