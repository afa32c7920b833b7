import FlashAttention
import Testing

@Suite("Rows that see one key")
struct SingleKeyTests {
  /// Their probability is 1 whatever the score is, so nothing depends on Q and K.
  @Test("have exactly zero gradients of their scores", arguments: ExecutionOptions.everyKernel)
  func zeroGradients(options: ExecutionOptions) throws {
    let q = try Tensor<Float>.random([2, 4, 70, 24], seed: 1)
    let k = try Tensor<Float>.random([2, 2, 130, 24], seed: 2)
    let v = try Tensor<Float>.random([2, 2, 130, 37], seed: 3)
    let dO = try Tensor<Float>.random([2, 4, 70, 37], seed: 4)
    let gradients = try scaledDotProductAttentionGradient(
      queries: q, keys: k, values: v, outputGradient: dO,
      mask: .slidingWindow(left: 0, right: 0, .bottomRight), options: options)
    #expect(gradients.queries.scalars.allSatisfy { $0 == 0 })
    #expect(gradients.keys.scalars.allSatisfy { $0 == 0 })
    #expect(gradients.values.scalars.contains { $0 != 0 })
  }
}
