import FlashAttention

/// Which query of a call may see which key.
struct Permissions {
  private let shape: AttentionShape
  private let mask: AttentionMask
  private let booleans: TensorView<Bool>?
  private let biases: TensorView<Double>?

  init<Element: AttentionElement>(_ inputs: AttentionInputs<Element>) throws {
    shape = inputs.attentionCase.shape
    mask = inputs.attentionCase.mask
    booleans = try inputs.booleanMask?.broadcast(to: shape.scores)
    biases = try inputs.exactBias?.view.broadcast(to: shape.scores)
  }

  func permits(batch: Int, head: Int, query: Int, key: Int) -> Bool {
    mask.permits(query: query, key: key, queryLength: shape.queryLength, keyLength: shape.keyLength)
      && booleans?[batch, head, query, key] ?? true && biases?[batch, head, query, key] != -.infinity
  }
}
