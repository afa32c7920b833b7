import FlashAttention
import Testing

/// Their probability is 1 whatever the score is, so nothing depends on Q and K: dP and δ, which are summed in different
/// places, have to be the same number.
@Suite("Rows that see one key")
struct SingleKeyTests {
  @Test("have exactly zero gradients of their scores", arguments: ExecutionOptions.everyKernel)
  func zeroGradients(options: ExecutionOptions) throws {
    let gradients = try gradients(options, keyLength: 130, mask: .slidingWindow(left: 0, right: 0, .bottomRight))
    #expect(gradients.queries.scalars.allSatisfy { $0 == 0 })
    #expect(gradients.keys.scalars.allSatisfy { $0 == 0 })
    #expect(gradients.values.scalars.contains { $0 != 0 })
  }

  @Test("have them where there is one key", arguments: ExecutionOptions.everyKernel)
  func onlyKey(options: ExecutionOptions) throws {
    let gradients = try gradients(options, keyLength: 1)
    #expect(gradients.queries.scalars.allSatisfy { $0 == 0 })
    #expect(gradients.keys.scalars.allSatisfy { $0 == 0 })
  }

  @Test("have them beside rows that see more", arguments: ExecutionOptions.everyKernel)
  func besideOthers(options: ExecutionOptions) throws {
    let gradients = try gradients(options, keyLength: 70, mask: .causal(.topLeft))
    expectZeros(gradients.queries) { $0 == 0 }
  }

  @Test("have them where a boolean mask or a bias leaves the key", arguments: ExecutionOptions.everyKernel)
  func leftByMasks(options: ExecutionOptions) throws {
    func isPermitted(_ row: Int, _ key: Int) -> Bool { row % 3 != 0 || key == (7 * row) % 130 }
    let pairs = (0..<70).flatMap { row in (0..<130).map { key in isPermitted(row, key) } }
    let mask = try Tensor(pairs, shape: [70, 130]).view
    expectZeros(try gradients(options, keyLength: 130, booleanMask: mask).queries) { $0 % 3 == 0 }
    let bias = AttentionBias(try Tensor<Float>(pairs.map { $0 ? 0 : -.infinity }, shape: [70, 130]))
    expectZeros(try gradients(options, keyLength: 130, bias: bias).queries) { $0 % 3 == 0 }
  }

  private func gradients(
    _ options: ExecutionOptions, keyLength: Int, mask: AttentionMask = .full, booleanMask: TensorView<Bool>? = nil,
    bias: AttentionBias? = nil
  ) throws -> AttentionGradients<Float> {
    let q = try Tensor<Float>.random([2, 4, 70, 24], seed: 1)
    let k = try Tensor<Float>.random([2, 2, keyLength, 24], seed: 2)
    let v = try Tensor<Float>.random([2, 2, keyLength, 37], seed: 3)
    let dO = try Tensor<Float>.random([2, 4, 70, 37], seed: 4)
    return try scaledDotProductAttentionGradient(
      queries: q, keys: k, values: v, outputGradient: dO, mask: mask, booleanMask: booleanMask, bias: bias,
      options: options)
  }

  /// Expects the rows of dQ that `isZero` names to be zeros, and none of the others.
  private func expectZeros(_ gradient: Tensor<Float>, in isZero: (_ row: Int) -> Bool) {
    for batch in 0..<2 {
      for head in 0..<4 {
        for row in 0..<70 {
          let isRowZero = (0..<24).allSatisfy { gradient[batch, head, row, $0] == 0 }
          #expect(isRowZero == isZero(row), "row \(row) of head \(head) in batch \(batch)")
        }
      }
    }
  }
}
