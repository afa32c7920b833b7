import FlashAttention
import ReferenceAttention
import Testing

@Suite("Attention against fp64")
struct OracleTests {
  @Test("fp32 output, log-sum-exp and gradients are within 1e-5", arguments: InstructionSet.usable, Backend.allCases)
  func smoke(set: InstructionSet, backend: Backend) throws {
    let q = try Tensor<Float>.random([2, 4, 113, 40], seed: 1)
    let k = try Tensor<Float>.random([2, 2, 203, 40], seed: 2)
    let v = try Tensor<Float>.random([2, 2, 203, 33], seed: 3)
    let dO = try Tensor<Float>.random([2, 4, 113, 33], seed: 4)
    let mask = AttentionMask.causal(.bottomRight)
    let options = ExecutionOptions(backend: backend, instructionSet: set, threads: 2)
    let result = try scaledDotProductAttention(
      queries: q, keys: k, values: v, mask: mask, softcap: 2, options: options)
    let reference = try ReferenceAttention(queries: q, keys: k, values: v, softcap: 2, mask: mask)
    let expected = try reference.forward()
    #expect(ErrorMeasure.relative(result.output, expected.output) < 1e-5)
    #expect(ErrorMeasure.relative(result.logSumExp, expected.logSumExp) < 1e-5)
    let gradients = try scaledDotProductAttentionGradient(
      queries: q, keys: k, values: v, outputGradient: dO, forward: result, mask: mask, softcap: 2, options: options)
    let expectedGradients = try reference.gradients(outputGradient: dO)
    #expect(ErrorMeasure.relative(gradients.queries, expectedGradients.queries) < 1e-5)
    #expect(ErrorMeasure.relative(gradients.keys, expectedGradients.keys) < 1e-5)
    #expect(ErrorMeasure.relative(gradients.values, expectedGradients.values) < 1e-5)
  }
}
