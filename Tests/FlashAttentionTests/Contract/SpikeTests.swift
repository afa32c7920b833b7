import FlashAttention
import ReferenceAttention
import Testing

@Suite("Spikes and empty rows")
struct SpikeTests {
  @Test("A huge forbidden key changes nothing", arguments: ExecutionOptions.everyKernel)
  func hugeForbiddenKey(options: ExecutionOptions) throws {
    var inputs = try AttentionInputs<Float>(
      AttentionCase(heads: (2, 2), lengths: (50, 97), dimensions: (16, 16)))
    var keys = Tensor(copying: inputs.keys)
    for column in 0..<16 { keys[0, 0, 40, column] = 1e6 }
    inputs.keys = keys.view
    inputs.booleanMask = try Tensor((0..<97).map { $0 != 40 }, shape: [97]).view
    try Yardstick(inputs).check(inputs, options)
  }

  @Test(
    "Logits of ±1e4 give what fp64 gives", arguments: ExecutionOptions.everyKernel,
    [AttentionMask.full, .causal(.bottomRight)])
  func hugeLogits(options: ExecutionOptions, mask: AttentionMask) throws {
    let inputs = try AttentionInputs<Float>(
      AttentionCase(heads: (2, 1), lengths: (60, 97), dimensions: (16, 16), mask: mask, scale: 2500))
    try Yardstick(inputs).check(inputs, options)
  }

  @Test("One enormous logit takes all the weight", arguments: ExecutionOptions.everyKernel)
  func oneEnormousLogit(options: ExecutionOptions) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      var inputs = try AttentionInputs<Element>(
        AttentionCase(lengths: (50, 130), dimensions: (16, 8), element: Element.attentionElementType, scale: 1))
      inputs.queries = try Tensor<Element>(repeating: 1, shape: [1, 1, 50, 16]).view
      var keys = Tensor(copying: inputs.keys)
      for column in 0..<16 { keys[0, 0, 70, column] = 2000 }
      inputs.keys = keys.view
      let result = try inputs.forward(options)
      #expect(result.output.scalars == (0..<50).flatMap { _ in try! inputs.values.sliced(2, 70..<71).scalars })
      #expect(result.logSumExp.scalars.allSatisfy { abs($0 - 32000) < 0.01 })
      let gradients = try inputs.gradients(options, after: result)
      #expect(gradients.queries.doubles.allSatisfy { $0.isFinite })
      #expect(gradients.keys.doubles.allSatisfy { $0.isFinite })
    }
    for type in AttentionElementType.allCases { try type.withType { try check($0) } }
  }

  @Test(
    "A row of very negative biases is an ordinary row", arguments: ExecutionOptions.everyKernel,
    [-1e4, -2.5e5] as [Float])
  func veryNegativeRow(options: ExecutionOptions, level: Float) throws {
    var inputs = try AttentionInputs<Float>(AttentionCase(lengths: (20, 70), dimensions: (8, 8), scale: 0))
    // The first 30 keys are forbidden; a forbidden key must never win over a very negative one.
    let bias = try Tensor<Float>((0..<70).map { $0 < 30 ? -.infinity : level }, shape: [70])
    inputs.bias = AttentionBias(bias)
    inputs.exactBias = try Tensor(converting: bias)
    try Yardstick(inputs).check(inputs, options)
  }

  @Test(
    "Scores that rise or fall slowly, or by leaps, give what fp64 gives", arguments: ExecutionOptions.everyKernel,
    [0.02, -0.02, 0.1, 2] as [Float])
  func slope(options: ExecutionOptions, slope: Float) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      var inputs = try AttentionInputs<Element>(
        AttentionCase(lengths: (20, 700), dimensions: (8, 8), element: Element.attentionElementType))
      let bias = try Tensor<Float>((0..<700).map { slope * Float($0) }, shape: [700])
      inputs.bias = AttentionBias(bias)
      inputs.exactBias = try Tensor(converting: bias)
      try Yardstick(inputs).check(inputs, options)
    }
    try check(Float.self)
    try check(BFloat16.self)
  }

  /// Neighbouring rows of very different kinds, so that maxima rise in the middle of a block in some of them.
  @Test(
    "Scores that rise in some rows and fall in others give what fp64 gives", arguments: ExecutionOptions.everyKernel,
    [0.03, 1] as [Float])
  func slopesOfRows(options: ExecutionOptions, slope: Float) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      for mask in [AttentionMask.full, .causal(.bottomRight)] {
        var inputs = try AttentionInputs<Element>(
          AttentionCase(
            lengths: (50, 420), dimensions: (40, 16), element: Element.attentionElementType, mask: mask, scale: 1))
        var queries = Tensor(copying: inputs.queries)
        var keys = Tensor(copying: inputs.keys)
        for row in 0..<50 { queries[0, 0, row, 3] = Element(Float(row % 7 - 3) * slope) }
        for row in 0..<420 { keys[0, 0, row, 3] = Element(Float(row)) }
        inputs.queries = queries.view
        inputs.keys = keys.view
        try Yardstick(inputs).check(inputs, options)
      }
    }
    for type in AttentionElementType.allCases { try type.withType { try check($0) } }
  }

  /// fp32 probabilities are multiplied by 2²⁴ in the matrix unit, so that values a good deal smaller need care there.
  @Test(
    "Values that only a sum of few can hold are summed", arguments: ExecutionOptions.everyKernel,
    [
      AttentionCase(lengths: (50, 130), dimensions: (16, 24)),
      AttentionCase(lengths: (130, 130), dimensions: (16, 24), mask: .causal(.bottomRight)),
      AttentionCase(lengths: (130, 130), dimensions: (1, 150), mask: try! .slidingWindow(left: 20, right: 5, .topLeft)),
      AttentionCase(heads: (2, 1), lengths: (70, 2100), dimensions: (16, 24)),
    ])
  func greatValues(options: ExecutionOptions, attentionCase: AttentionCase) throws {
    var inputs = try AttentionInputs<Float>(attentionCase)
    for (factor, rows) in [(1e35, 0..<2100), (1e32, 0..<2100), (1e35, 40..<60)] as [(Float, Range<Int>)] {
      var values = try Tensor<Float>.random(attentionCase.shape.values, seed: 7)
      for row in 0..<values.shape[2] where rows.contains(row) {
        for column in 0..<values.shape[3] { values[0, 0, row, column] *= factor }
      }
      inputs.values = values.view
      let expected = try inputs.reference().forward().output
      let output = try inputs.forward(options).output
      #expect(ErrorMeasure.relative(output, expected) < 1e-6)
      // Row by row, because those that see none of these values are small beside the others.
      for row in 0..<attentionCase.shape.queryLength {
        let error = ErrorMeasure.relative(
          try output.view.sliced(2, row..<row + 1), Tensor(copying: try expected.view.sliced(2, row..<row + 1)))
        #expect(error < 2e-6, "row \(row) with \(options.label)")
      }
    }
  }

  @Test("A row without a permitted key gives 0, −∞ and no gradient", arguments: ExecutionOptions.everyKernel)
  func emptyRows(options: ExecutionOptions) throws {
    let cases = [
      AttentionCase(lengths: (100, 40), dimensions: (8, 9), mask: .causal(.bottomRight)),
      AttentionCase(
        lengths: (60, 60), dimensions: (8, 9), booleanMask: BooleanMaskForm(form: .whole, forbidsRows: true)),
      AttentionCase(
        lengths: (60, 60), dimensions: (8, 9), mask: try .slidingWindow(left: 0, right: 0, .bottomRight),
        bias: BiasForm(form: .whole, forbids: true), softcap: 1),
    ]
    for attentionCase in cases {
      let inputs = try AttentionInputs<Float>(attentionCase)
      let permissions = try Permissions(inputs)
      let shape = attentionCase.shape
      let emptyRows = (0..<shape.queryLength).filter { query in
        !(0..<shape.keyLength).contains { permissions.permits(batch: 0, head: 0, query: query, key: $0) }
      }
      #expect(!emptyRows.isEmpty && emptyRows.count < shape.queryLength)
      let forward = try inputs.forward(options)
      let gradients = try inputs.gradients(options, after: forward)
      for row in emptyRows {
        #expect(forward.logSumExp[0, 0, row] == -.infinity)
        #expect(try forward.output.view.sliced(2, row..<row + 1).scalars == [Float](repeating: 0, count: 9))
        #expect(try gradients.queries.view.sliced(2, row..<row + 1).scalars == [Float](repeating: 0, count: 8))
        if let bias = gradients.bias {
          #expect(try bias.view.sliced(2, row..<row + 1).scalars.allSatisfy { $0 == 0 })
        }
      }
    }
  }

  @Test("A boolean mask without a true gives zeros everywhere", arguments: ExecutionOptions.everyKernel)
  func nothingPermitted(options: ExecutionOptions) throws {
    var inputs = try AttentionInputs<Float16>(
      AttentionCase(heads: (2, 1), lengths: (60, 70), dimensions: (8, 9), element: .float16))
    inputs.booleanMask = try Tensor(repeating: false, shape: [1]).view
    let forward = try inputs.forward(options)
    let gradients = try inputs.gradients(options, after: forward)
    #expect(forward.output.doubles.allSatisfy { $0 == 0 })
    #expect(forward.logSumExp.doubles.allSatisfy { $0 == -.infinity })
    for gradient in [gradients.queries, gradients.keys, gradients.values] {
      #expect(gradient.doubles.allSatisfy { $0 == 0 })
    }
  }

  /// Only −∞ forbids. Many use the lowest finite number, and rely on a row of nothing else being an average.
  @Test("A row of the lowest finite biases is an ordinary row", arguments: ExecutionOptions.everyKernel)
  func lowestFiniteRow(options: ExecutionOptions) throws {
    var inputs = try AttentionInputs<Float>(AttentionCase(lengths: (20, 70), dimensions: (8, 8)))
    let bias = try Tensor<Float>(repeating: -.greatestFiniteMagnitude, shape: [70])
    inputs.bias = AttentionBias(bias)
    inputs.exactBias = try Tensor(converting: bias)
    let result = try inputs.forward(options)
    #expect(result.logSumExp.scalars.allSatisfy { $0.isFinite })
    #expect(result.output.scalars.contains { $0 != 0 })
  }

  @Test(
    "Every legal softcap gives finite results", arguments: ExecutionOptions.everyKernel,
    [
      AttentionCase(lengths: (5, 7), dimensions: (8, 8), softcap: 0x1p100),
      AttentionCase(lengths: (5, 7), dimensions: (8, 8), softcap: 0x1p-100),
    ])
  func extremeSoftcap(options: ExecutionOptions, attentionCase: AttentionCase) throws {
    let inputs = try AttentionInputs<Float>(attentionCase)
    #expect(try inputs.forward(options).output.scalars.allSatisfy { $0.isFinite })
  }
}
