import FlashAttention
import ReferenceAttention
import Testing

@Suite("Log-sum-exp")
struct LogSumExpTests {
  /// O = Σ wₖ Oₖ with wₖ = exp(LSEₖ − LSE): what split keys and ring attention rely on.
  @Test("Results over two halves of the keys merge into the whole", arguments: InstructionSet.usable, [1, 40, 96, 130])
  func merge(set: InstructionSet, split: Int) throws {
    let options = ExecutionOptions(backend: .cpu, instructionSet: set)
    let whole = try AttentionInputs<Float>(
      AttentionCase(heads: (4, 2), lengths: (61, 131), dimensions: (24, 17), softcap: 9))
    var first = whole
    first.keys = try whole.keys.sliced(2, 0..<split)
    first.values = try whole.values.sliced(2, 0..<split)
    var second = whole
    second.keys = try whole.keys.sliced(2, split..<131)
    second.values = try whole.values.sliced(2, split..<131)

    let a = try first.forward(options)
    let b = try second.forward(options)
    let weightsA = a.logSumExp.doubles
    let weightsB = b.logSumExp.doubles
    let merged = ReferenceAttention.merge(
      (a.output.doubles, weightsA), (b.output.doubles, weightsB), valueDimension: 17)
    let exact = try whole.reference().forward()
    #expect(ErrorMeasure.relative(merged.output, exact.output.scalars) < 1e-5)
    #expect(ErrorMeasure.relative(merged.logSumExp, exact.logSumExp.scalars) < 1e-5)
  }

  @Test("A half without a permitted key leaves the other as it is")
  func emptyHalf() throws {
    let inputs = try AttentionInputs<Float>(AttentionCase(lengths: (9, 12), dimensions: (8, 8)))
    var empty = inputs
    empty.keys = try inputs.keys.sliced(2, 0..<0)
    empty.values = try inputs.values.sliced(2, 0..<0)
    let whole = try inputs.forward()
    let nothing = try empty.forward()
    let merged = ReferenceAttention.merge(
      (whole.output.doubles, whole.logSumExp.doubles), (nothing.output.doubles, nothing.logSumExp.doubles),
      valueDimension: 8)
    #expect(merged.output == whole.output.doubles)
    #expect(merged.logSumExp == whole.logSumExp.doubles)
  }
}
