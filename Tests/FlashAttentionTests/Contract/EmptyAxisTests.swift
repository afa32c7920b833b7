import FlashAttention
import ReferenceAttention
import Testing

@Suite("Empty axes")
struct EmptyAxisTests {
  @Test(
    "Without keys the output is 0, the log-sum-exp −∞ and every gradient 0", arguments: ExecutionOptions.everyKernel)
  func noKeys(options: ExecutionOptions) throws {
    let inputs = try AttentionInputs<Float>(
      AttentionCase(batch: 2, heads: (4, 2), lengths: (53, 0), dimensions: (17, 9), mask: .causal(.bottomRight)))
    let forward = try inputs.forward(options)
    #expect(forward.output.shape == [2, 4, 53, 9])
    #expect(forward.output.scalars.allSatisfy { $0 == 0 })
    #expect(forward.logSumExp.scalars.allSatisfy { $0 == -.infinity })
    let gradients = try inputs.gradients(options, after: forward)
    #expect(gradients.queries.shape == [2, 4, 53, 17])
    #expect(gradients.queries.scalars.allSatisfy { $0 == 0 })
    #expect(gradients.keys.shape == [2, 2, 0, 17])
    #expect(gradients.values.shape == [2, 2, 0, 9])
  }

  @Test("Without queries the gradients of keys and values are 0", arguments: ExecutionOptions.everyKernel)
  func noQueries(options: ExecutionOptions) throws {
    let inputs = try AttentionInputs<Float16>(
      AttentionCase(heads: (4, 2), lengths: (0, 60), dimensions: (16, 8), element: .float16, softcap: 2))
    let forward = try inputs.forward(options)
    #expect(forward.output.shape == [1, 4, 0, 8])
    #expect(forward.logSumExp.shape == [1, 4, 0])
    let gradients = try inputs.gradients(options, after: forward)
    #expect(gradients.queries.shape == [1, 4, 0, 16])
    #expect(gradients.keys.doubles == [Double](repeating: 0, count: 2 * 60 * 16))
    #expect(gradients.values.doubles == [Double](repeating: 0, count: 2 * 60 * 8))
  }

  @Test(
    "Without batches or heads the results are empty", arguments: ExecutionOptions.everyKernel,
    [
      AttentionCase(batch: 0, heads: (2, 1), lengths: (5, 6), dimensions: (8, 8)),
      AttentionCase(heads: (0, 0), lengths: (5, 6), dimensions: (8, 4)),
      AttentionCase(batch: 0, heads: (0, 0), lengths: (0, 0), dimensions: (1, 1)),
    ])
  func noHeads(options: ExecutionOptions, attentionCase: AttentionCase) throws {
    let inputs = try AttentionInputs<BFloat16>(attentionCase)
    let forward = try inputs.forward(options)
    #expect(forward.output.shape == attentionCase.shape.output)
    #expect(forward.output.count == 0)
    let gradients = try inputs.gradients(options, after: forward)
    #expect(gradients.queries.shape == attentionCase.shape.queries)
    #expect(gradients.keys.shape == attentionCase.shape.keys)
    #expect(gradients.values.shape == attentionCase.shape.values)
  }

  @Test("The gradient of a bias without keys or queries has the shape of the bias and is 0")
  func biasGradient() throws {
    for (lengths, form) in [((3, 0), BroadcastForm.overKeys), ((0, 3), .overQueries), ((0, 3), .overHeads)] {
      let inputs = try AttentionInputs<Float>(
        AttentionCase(heads: (2, 1), lengths: lengths, dimensions: (8, 8), bias: BiasForm(form: form)))
      let bias = try #require(try inputs.gradients().bias)
      #expect(bias.shape == form.shape(of: inputs.attentionCase.shape.scores))
      #expect(bias.scalars.allSatisfy { $0 == 0 })
    }
  }

  /// In a process of its own, which may crash.
  @Test("Without query heads the gradients of keys and values are 0")
  func noQueryHeads() async {
    await #expect(processExitsWith: .success) {
      let inputs = try AttentionInputs<Float>(
        AttentionCase(heads: (0, 2), lengths: (5, 6), dimensions: (8, 4)))
      for options in ExecutionOptions.everyKernel {
        let forward = try inputs.forward(options)
        #expect(forward.output.shape == [1, 0, 5, 4])
        let gradients = try inputs.gradients(options, after: forward)
        #expect(gradients.keys.scalars == [Float](repeating: 0, count: 2 * 6 * 8))
        #expect(gradients.values.scalars == [Float](repeating: 0, count: 2 * 6 * 4))
      }
    }
  }
}
