import FlashAttention
import ReferenceAttention
import Testing

@Suite("The oracle against central differences")
struct OracleTests {
  static let cases = [
    AttentionCase(heads: (2, 2), lengths: (3, 4), dimensions: (2, 3)),
    AttentionCase(heads: (4, 2), lengths: (3, 5), dimensions: (3, 2), mask: .causal(.bottomRight)),
    AttentionCase(lengths: (4, 3), dimensions: (2, 2), mask: .causal(.topLeft), softcap: 0.7),
    AttentionCase(
      batch: 2, heads: (3, 1), lengths: (3, 4), dimensions: (2, 1), bias: BiasForm(form: .overHeads), softcap: 2),
    AttentionCase(
      heads: (2, 1), lengths: (4, 4), dimensions: (3, 3), booleanMask: BooleanMaskForm(form: .whole, forbidsRows: true),
      bias: BiasForm(form: .overQueries, forbids: true), scale: -1.5),
    AttentionCase(lengths: (5, 5), dimensions: (1, 2), mask: try! .slidingWindow(left: 1, right: 1, .bottomRight)),
  ]

  /// A perturbation of 1e-5 leaves errors of about 1e-10 in a central difference of fp64.
  @Test("Gradients are the slopes of the forward pass", arguments: cases)
  func slopes(attentionCase: AttentionCase) throws {
    let inputs = try AttentionInputs<Float>(attentionCase)
    let weights = inputs.outputGradient.doubles
    let problem = Problem(
      queries: inputs.queries.doubles, keys: inputs.keys.doubles, values: inputs.values.doubles,
      bias: inputs.exactBias?.scalars, inputs: inputs)

    func loss(_ problem: Problem) throws -> Double {
      let output = try problem.attention().forward().output.scalars
      return zip(output, weights).reduce(0) { $0 + $1.0 * $1.1 }
    }
    func slopes(_ path: WritableKeyPath<Problem, [Double]>) throws -> [Double] {
      try problem[keyPath: path].indices.map { index in
        guard problem[keyPath: path][index].isFinite else { return 0 }
        let step = 1e-5
        var above = problem
        var below = problem
        above[keyPath: path][index] += step
        below[keyPath: path][index] -= step
        return try (loss(above) - loss(below)) / (2 * step)
      }
    }
    let gradients = try problem.attention().gradients(outputGradient: inputs.outputGradient)
    #expect(ErrorMeasure.relative(gradients.queries.scalars, try slopes(\.queries)) < 1e-8)
    #expect(ErrorMeasure.relative(gradients.keys.scalars, try slopes(\.keys)) < 1e-8)
    #expect(ErrorMeasure.relative(gradients.values.scalars, try slopes(\.values)) < 1e-8)
    if let bias = inputs.bias {
      let gradient = try gradients.scores.summed(to: bias.shape)
      #expect(ErrorMeasure.relative(gradient.scalars, try slopes(\.biasScalars)) < 1e-8)
    }
  }

  private struct Problem {
    var queries: [Double]
    var keys: [Double]
    var values: [Double]
    var bias: [Double]?
    let inputs: AttentionInputs<Float>

    var biasScalars: [Double] {
      get { bias ?? [] }
      set { bias = newValue }
    }

    func attention() throws -> ReferenceAttention {
      let attentionCase = inputs.attentionCase
      let shape = attentionCase.shape
      return try ReferenceAttention(
        exactly: Tensor(queries, shape: shape.queries), keys: Tensor(keys, shape: shape.keys),
        values: Tensor(values, shape: shape.values), scale: attentionCase.scale.map(Double.init),
        softcap: attentionCase.softcap.map(Double.init), mask: attentionCase.mask, booleanMask: inputs.booleanMask,
        bias: try bias.map { try Tensor($0, shape: inputs.bias?.shape ?? []) })
    }
  }
}
