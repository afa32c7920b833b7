import FlashAttention
import ReferenceAttention
import Testing

@Suite("Attention against fp64")
struct ConformanceTests {
  @Test("Every pair of features agrees on every kernel", arguments: ConformanceGrid.cases)
  func grid(attentionCase: AttentionCase) throws {
    try Yardstick.checkBackends(attentionCase)
  }

  /// More than one block of queries and of keys in both passes of every instruction set.
  @Test(
    "Long sequences agree on every kernel",
    arguments: [
      AttentionCase(lengths: (512, 127), dimensions: (16, 16), mask: .causal(.bottomRight)),
      AttentionCase(lengths: (127, 512), dimensions: (17, 8), mask: .causal(.bottomRight), softcap: 3),
      AttentionCase(
        heads: (2, 1), lengths: (400, 401), dimensions: (8, 8), mask: .causal(.topLeft), bias: BiasForm(form: .overKeys)
      ),
      AttentionCase(heads: (2, 1), lengths: (333, 445), dimensions: (8, 17), bias: BiasForm(form: .overQueries)),
      AttentionCase(
        lengths: (500, 500), dimensions: (9, 8), mask: try! .slidingWindow(left: 40, right: 40, .bottomRight)),
      AttentionCase(lengths: (799, 3), dimensions: (8, 8), element: .float16, mask: .causal(.topLeft)),
      AttentionCase(lengths: (3, 799), dimensions: (8, 8), element: .bfloat16, mask: .causal(.bottomRight)),
      // So little work for each row that rows are fetched within register tiles.
      AttentionCase(lengths: (20, 450), dimensions: (128, 128), mask: .causal(.bottomRight)),
      AttentionCase(lengths: (13, 450), dimensions: (128, 64), element: .bfloat16),
      AttentionCase(batch: 3, heads: (4, 4), lengths: (50, 50), dimensions: (64, 64), mask: .causal(.bottomRight)),
      // The next head's rows are fetched bit by bit, and there are fewer of them than bits.
      AttentionCase(heads: (4, 4), lengths: (3, 700), dimensions: (20, 20)),
      AttentionCase(heads: (4, 4), lengths: (400, 3), dimensions: (64, 64)),
    ])
  func long(attentionCase: AttentionCase) throws {
    try Yardstick.checkBackends(attentionCase)
  }

  // The matrix unit takes rows by 16 and sums by 32, and a lane group walks over several blocks of keys at once.
  @Test(
    "Every type agrees on every kernel around the sizes of the matrix unit's tiles",
    arguments: AttentionElementType.allCases,
    [
      AttentionCase(
        lengths: (200, 1100), dimensions: (64, 64), mask: try! .slidingWindow(left: 100, right: 30, .bottomRight)),
      AttentionCase(heads: (4, 2), lengths: (77, 1040), dimensions: (72, 40), mask: .causal(.bottomRight)),
      AttentionCase(lengths: (300, 300), dimensions: (32, 96), mask: .causal(.topLeft), softcap: 3),
      AttentionCase(heads: (2, 1), lengths: (97, 63), dimensions: (128, 128), bias: BiasForm(form: .whole)),
      AttentionCase(batch: 2, lengths: (65, 700), dimensions: (33, 17)),
      AttentionCase(lengths: (31, 33), dimensions: (8, 64)), AttentionCase(lengths: (33, 31), dimensions: (64, 8)),
      AttentionCase(lengths: (17, 15), dimensions: (40, 40)), AttentionCase(lengths: (15, 17), dimensions: (16, 48)),
      AttentionCase(lengths: (600, 40), dimensions: (48, 80), mask: try! .slidingWindow(left: 3, right: 9, .topLeft)),
    ])
  func tileSizes(element: AttentionElementType, attentionCase: AttentionCase) throws {
    var attentionCase = attentionCase
    attentionCase.element = element
    try Yardstick.checkBackends(attentionCase)
  }

  @Test(
    "Blocks of keys that are longer on some processors agree",
    arguments: [
      AttentionCase(lengths: (311, 311), dimensions: (64, 64), mask: .causal(.bottomRight)),
      AttentionCase(lengths: (40, 300), dimensions: (32, 48), element: .bfloat16, bias: BiasForm(form: .whole)),
      AttentionCase(
        lengths: (150, 833), dimensions: (64, 64), element: .float16,
        mask: try! .slidingWindow(left: 100, right: 30, .topLeft)),
      AttentionCase(heads: (4, 1), lengths: (6, 5000), dimensions: (64, 64), mask: .causal(.bottomRight)),
      AttentionCase(
        lengths: (77, 1000), dimensions: (64, 64), element: .bfloat16, booleanMask: BooleanMaskForm(form: .whole)),
    ], InstructionSet.usable.filter { [.avx512, .avx512bf16].contains($0) })
  func longBlocks(attentionCase: AttentionCase, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let options = ExecutionOptions(backend: .cpu, instructionSet: set)
      let yardstick = try Yardstick(inputs)
      for isHalved in [false, true] {
        var processor = Processor.current
        processor.level2Cache = 1 << 20
        processor.halvesWideVectors = isHalved
        let plan = try AttentionPlan(inputs.descriptor, options: options, processor: processor)
        #expect((plan.tiles.keyBlock > 150) == isHalved)
        yardstick.check(try inputs.attend(plan), options, #_sourceLocation)
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  @Test("Standard attention refuses the gradient of a bias by name")
  func biasGradientOfStandard() throws {
    let inputs = try AttentionInputs<Float>(
      AttentionCase(lengths: (4, 5), dimensions: (8, 8), bias: BiasForm(form: .whole)))
    let error = #expect(throws: AttentionError.self) {
      try scaledDotProductAttentionGradient(
        queries: inputs.queries, keys: inputs.keys, values: inputs.values, outputGradient: inputs.outputGradient,
        bias: inputs.bias, biasGradient: true, options: ExecutionOptions(backend: .standard))
    }
    #expect(error?.description == "back end standard is not available: it has no gradient of the bias")
  }

  @Test("Without a forward result the gradient computes its own")
  func gradientWithoutForward() throws {
    let inputs = try AttentionInputs<Float>(
      AttentionCase(lengths: (33, 40), dimensions: (16, 8), mask: .causal(.bottomRight)))
    let given = try inputs.gradients(after: inputs.forward())
    let own = try inputs.gradients()
    #expect(given.queries.scalars == own.queries.scalars)
    #expect(given.keys.scalars == own.keys.scalars)
    #expect(given.values.scalars == own.values.scalars)
  }
}
