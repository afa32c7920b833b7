import FlashAttention
import ReferenceAttention
import Testing

/// Problems with so few items of work and so many keys that the keys are split and partial rows merged.
@Suite("Split keys against fp64")
struct SplitKeyTests {
  /// Decoding: few rows of dimensions that are multiples of 8, which the pass for short queries serves.
  static let short: [AttentionCase] = AttentionElementType.allCases.flatMap { element in
    [
      AttentionCase(lengths: (1, 2050), dimensions: (32, 32), element: element),
      AttentionCase(batch: 2, heads: (4, 2), lengths: (2, 2500), dimensions: (64, 96), element: element, softcap: 5),
      AttentionCase(
        heads: (3, 1), lengths: (1, 3001), dimensions: (128, 64), element: element, mask: .causal(.bottomRight)),
      AttentionCase(
        heads: (4, 1), lengths: (1, 2100), dimensions: (32, 64), element: element,
        booleanMask: BooleanMaskForm(form: .overHeads), bias: BiasForm(form: .whole, forbids: true)),
      AttentionCase(
        heads: (2, 2), lengths: (3, 2222), dimensions: (96, 32), element: element,
        mask: try! .slidingWindow(left: 1500, right: 3, .bottomRight)),
      // Whole parts see nothing.
      AttentionCase(
        lengths: (4, 4000), dimensions: (64, 64), element: element,
        mask: try! .slidingWindow(left: 10, right: 0, .bottomRight)),
      AttentionCase(
        heads: (2, 1), lengths: (2, 2600), dimensions: (32, 32), element: element, mask: .causal(.topLeft),
        booleanMask: BooleanMaskForm(form: .whole, forbidsRows: true), scale: -0.3),
    ]
  }

  /// Other dimensions, and more rows than the pass for short queries takes but for the last ones.
  static let general: [AttentionCase] = AttentionElementType.allCases.flatMap { element in
    [
      AttentionCase(lengths: (1, 2050), dimensions: (20, 24), element: element),
      AttentionCase(
        heads: (5, 1), lengths: (3, 2400), dimensions: (33, 17), element: element, mask: .causal(.bottomRight)),
      AttentionCase(
        heads: (2, 1), lengths: (70, 2100), dimensions: (16, 16), element: element, mask: .causal(.topLeft), softcap: 2),
      AttentionCase(
        lengths: (130, 3000), dimensions: (8, 16), element: element,
        booleanMask: BooleanMaskForm(form: .matrix, forbidsRows: true)),
    ]
  }

  @Test("Partial rows merge into the row of all keys", arguments: short + general)
  func merge(attentionCase: AttentionCase) throws {
    try Yardstick.checkKernels(attentionCase)
  }

  @Test(
    "NaN and infinities reach only the rows that may see them", arguments: [Float.nan, .infinity], [(32, 32), (80, 40)])
  func reach(poison: Float, dimensions: (Int, Int)) throws {
    let masked = AttentionCase(
      heads: (4, 2), lengths: (2, 2100), dimensions: dimensions, booleanMask: BooleanMaskForm(form: .whole))
    for input in [ForbiddenPositionTests.Input.keys, .values] {
      try Poisoning<Float>(masked, input, row: 63, poison).check(tolerance: 0)
      try Poisoning<BFloat16>(masked, input, row: 63, BFloat16(poison)).check(tolerance: 0)
      try Poisoning<Float16>(masked, input, row: 63, Float16(poison)).check(tolerance: 0)
    }
  }

  @Test("A row that sees nothing in any part gives zeros", arguments: InstructionSet.usable)
  func emptyRows(set: InstructionSet) throws {
    let inputs = try AttentionInputs<Float>(
      AttentionCase(
        lengths: (3, 2500), dimensions: (32, 32), booleanMask: BooleanMaskForm(form: .overKeys, forbidsRows: true)))
    let result = try inputs.forward(ExecutionOptions(backend: .cpu, instructionSet: set))
    #expect(result.output.scalars[..<32].allSatisfy { $0 == 0 })
    #expect(result.logSumExp.scalars[0] == -.infinity)
  }
}
