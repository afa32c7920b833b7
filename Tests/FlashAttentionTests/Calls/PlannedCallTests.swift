import ReferenceAttention
import Testing

@testable import FlashAttention

@Suite("A plan can be run again and again")
struct PlannedCallTests {
  static let cases = [
    AttentionCase(heads: (4, 2), lengths: (70, 90), dimensions: (16, 9), mask: .causal(.bottomRight)),
    AttentionCase(lengths: (1, 5000), dimensions: (32, 32)),
    AttentionCase(batch: 2, lengths: (50, 33), dimensions: (8, 8), element: .bfloat16, softcap: 3),
    AttentionCase(
      batch: 2, heads: (2, 1), lengths: (40, 60), dimensions: (8, 5),
      booleanMask: BooleanMaskForm(form: .overHeads, forbidsRows: true), bias: BiasForm(form: .row)),
    AttentionCase(lengths: (0, 10), dimensions: (4, 4)),
  ]

  @Test(
    "Its results are those of the unplanned calls, bit by bit, at the first call and at later ones", arguments: cases,
    ExecutionOptions.everyKernel)
  func results(attentionCase: AttentionCase, options: ExecutionOptions) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let expected = try inputs.forward(options)
      let expectedGradients = try inputs.gradients(options, after: expected)
      let forward = try AttentionPlan(inputs.descriptor, .forward, options: options)
      let backward = try AttentionPlan(inputs.descriptor, .backward, options: options)

      var result = try inputs.attend(forward)
      var gradients = try inputs.differentiate(backward, after: result)
      for _ in 0..<3 {
        #expect(result.isIdentical(to: expected))
        #expect(gradients.isIdentical(to: expectedGradients))
        result.litter()
        gradients.litter()
        try inputs.attend(forward, into: &result)
        try inputs.differentiate(backward, after: result, into: &gradients)
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  @Test("A result that nothing else refers to keeps its memory")
  func memory() throws {
    let inputs = try AttentionInputs<Float>(Self.cases[0])
    let plan = try AttentionPlan(inputs.descriptor)
    var result = try inputs.attend(plan)
    let address = result.output.withSpan { $0.withUnsafeBufferPointer(\.baseAddress) }
    try inputs.attend(plan, into: &result)
    #expect(result.output.withSpan { $0.withUnsafeBufferPointer(\.baseAddress) } == address)
  }

  @Test("What else refers to the elements of a result never sees them change")
  func valueSemantics() throws {
    let inputs = try AttentionInputs<Float>(Self.cases[0])
    let other = try AttentionInputs<Float>(
      {
        var attentionCase = Self.cases[0]
        attentionCase.seed += 1
        return attentionCase
      }())
    let plan = try AttentionPlan(inputs.descriptor)
    var result = try inputs.attend(plan)
    let copy = result
    let view = result.output.view
    let scalars = view.scalars
    try other.attend(plan, into: &result)
    #expect(copy.output.scalars == scalars)
    #expect(view.scalars == scalars)
    let expected = try other.attend(plan)
    #expect(result.isIdentical(to: expected))
    #expect(!result.isIdentical(to: copy))
  }

  @Test("A result of another shape is replaced")
  func otherShape() throws {
    let inputs = try AttentionInputs<Float>(Self.cases[0])
    let other = try AttentionInputs<Float>(Self.cases[1])
    var result = try other.attend(AttentionPlan(other.descriptor))
    let plan = try AttentionPlan(inputs.descriptor)
    try inputs.attend(plan, into: &result)
    let expected = try inputs.attend(plan)
    #expect(result.isIdentical(to: expected))
  }

  @Test("A result may be the input of the next call")
  func chain() throws {
    let inputs = try AttentionInputs<Float>(AttentionCase(lengths: (9, 9), dimensions: (8, 8)))
    let plan = try AttentionPlan(inputs.descriptor)
    var result = try inputs.attend(plan)
    for _ in 0..<3 {
      let expected = try plan.attend(queries: Tensor(copying: result.output), keys: inputs.keys, values: inputs.values)
      try plan.attend(queries: result.output, keys: inputs.keys, values: inputs.values, into: &result)
      #expect(result.isIdentical(to: expected))
    }
  }

  @Test("One plan serves many tasks at once")
  func tasks() async throws {
    let inputs = try AttentionInputs<Float>(
      AttentionCase(batch: 2, heads: (4, 2), lengths: (200, 310), dimensions: (24, 17), mask: .causal(.topLeft)))
    let alone = ExecutionOptions(threads: 1)
    let result = try inputs.forward(alone)
    let gradients = try inputs.gradients(alone, after: result)
    let forward = try AttentionPlan(inputs.descriptor, .forward, options: ExecutionOptions(threads: 3))
    let backward = try AttentionPlan(inputs.descriptor, .backward, options: ExecutionOptions(threads: 3))
    try await withThrowingTaskGroup { group in
      for _ in 0..<12 {
        group.addTask {
          for _ in 0..<3 {
            let concurrent = try inputs.attend(forward)
            #expect(concurrent.isIdentical(to: result))
            let concurrentGradients = try inputs.differentiate(backward, after: result)
            #expect(concurrentGradients.isIdentical(to: gradients))
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
