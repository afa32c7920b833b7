import FlashAttention

/// Data for one call: two batches, four query heads that share two key/value heads.
enum Fixtures {
  static let queryShape = [2, 4, 10, 8]
  static let keyShape = [2, 2, 20, 8]
  static let valueShape = [2, 2, 20, 6]
  static let outputShape = [2, 4, 10, 6]

  /// Numbers between −1 and 1 that repeat with no period that matters here, exact in every element type.
  static func tensor<Element: AttentionElement>(_ shape: [Int], seed: Int) throws -> Tensor<Element> {
    try Tensor(
      (0..<shape.reduce(1, *)).map { Element(Double(($0 * 37 + seed * 101) % 127 - 63) / 64) }, shape: shape)
  }

  /// Every third position is forbidden.
  static func permits(_ index: Int) -> Bool { index % 3 != 0 }

  static func inputs<Element: AttentionElement>(_ type: Element.Type) throws -> [String: any StridedTensor] {
    let query: Tensor<Element> = try tensor(queryShape, seed: 1)
    let key: Tensor<Element> = try tensor(keyShape, seed: 2)
    let value: Tensor<Element> = try tensor(valueShape, seed: 3)
    let outputGradient: Tensor<Element> = try tensor(outputShape, seed: 4)
    return ["query": query, "key": key, "value": value, "output_gradient": outputGradient]
  }
}
