import CUDADriver
import ReferenceAttention
import SimulatedAttention
import Testing

@testable import FlashAttention

/// Few and small: the wide grid of cases is that of the kernels.
@Suite("Calls on a CUDA device, executed in the simulator, meet the contract")
struct SimulatedCallTests {
  static let devices = [MockDevice.ampere, .hopper]
  static let cases = [
    // Odd sizes, which no copy of more than an element fits.
    AttentionCase(batch: 2, heads: (2, 1), lengths: (19, 37), dimensions: (9, 5), element: .bfloat16),
    // Grouped heads, a causal mask, bias and mask.
    AttentionCase(
      heads: (4, 2), lengths: (33, 70), dimensions: (64, 32), element: .float16, mask: .causal(.bottomRight),
      booleanMask: BooleanMaskForm(form: .overHeads, forbidsRows: true),
      bias: BiasForm(form: .matrix, element: .bfloat16, forbids: true)),
    // Decoding: heads share a tile, and keys are split.
    AttentionCase(heads: (4, 2), lengths: (1, 600), dimensions: (64, 64), element: .bfloat16),
    AttentionCase(
      batch: 2, heads: (1, 1), lengths: (40, 24), dimensions: (32, 64), element: .float16,
      mask: try! .slidingWindow(left: 5, right: 3, .topLeft), scale: -0.3, softcap: 2),
    // No keys, and one query more than a tile has.
    AttentionCase(heads: (1, 1), lengths: (3, 0), dimensions: (16, 16), element: .float16),
    AttentionCase(heads: (1, 1), lengths: (65, 16), dimensions: (16, 16), element: .float16),
  ]

  @Test("A call on the machine's tensors", arguments: devices, cases)
  func hostCall(device: MockDevice, attentionCase: AttentionCase) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let gpu = try SimulatedGPU.make(device)
      try gpu.whileFound {
        try Yardstick(inputs).checkForward(inputs, ExecutionOptions(backend: .cuda))
      }
      #expect(gpu.driver.launchError == nil)
    }
    try attentionCase.element.withType { try check($0) }
  }

  @Test("Tensors of other strides are read and written where they are", arguments: devices)
  func strides(device: MockDevice) throws {
    let attentionCase = AttentionCase(
      batch: 2, heads: (4, 2), lengths: (20, 50), dimensions: (32, 32), element: .float16, mask: .causal(.bottomRight))
    let inputs = try AttentionInputs<Float16>(attentionCase)
    let gpu = try SimulatedGPU.make(device)
    let plan = try CUDAAttentionPlan(inputs.descriptor, on: CUDADeviceTraits(gpu.stream.context.device))
    var prepared = try plan.prepare(on: gpu.stream)
    // [B, S, H, D] in memory, as projections leave them.
    func transposed(_ view: TensorView<Float16>) throws -> CUDATensor<Float16> {
      try view.transposed(1, 2).copied(to: gpu.stream).transposed(1, 2)
    }
    let shape = attentionCase.shape
    let result = CUDAAttentionResult(
      output: try CUDATensor<Float16>(
        unwritten: [shape.batch, shape.queryLength, shape.queryHeads, shape.valueDimension], on: gpu.stream
      ).transposed(1, 2),
      logSumExp: try CUDATensor(unwritten: shape.rows, on: gpu.stream))
    try prepared.attend(
      queries: try transposed(inputs.queries), keys: try transposed(inputs.keys), values: try transposed(inputs.values),
      into: result)
    let forward = AttentionResult(
      output: try result.output.copiedToHost(on: gpu.stream),
      logSumExp: try result.logSumExp.copiedToHost(on: gpu.stream))
    try Yardstick(inputs).check(forward, ExecutionOptions(backend: .cuda), #_sourceLocation)
  }

  @Test("Inputs that are repeated by a stride of 0, and every other element of a row", arguments: devices)
  func repeated(device: MockDevice) throws {
    let attentionCase = AttentionCase(
      batch: 2, heads: (2, 2), lengths: (7, 18), dimensions: (16, 8), element: .bfloat16)
    var inputs = try AttentionInputs<BFloat16>(attentionCase)
    let shape = attentionCase.shape
    let keys = try inputs.keys.sliced(0, 0..<1)
    inputs.keys = try keys.broadcast(to: shape.keys)
    let gpu = try SimulatedGPU.make(device)
    let copiedKeys = try keys.copied(to: gpu.stream)
    let repeatedKeys = try CUDATensor<BFloat16>(
      borrowing: copiedKeys.pointer, shape: shape.keys, strides: [0] + copiedKeys.strides[1...],
      in: gpu.stream.context, keeping: copiedKeys.owner)
    // Every value is followed by a NaN.
    let values = inputs.values.scalars.flatMap { [$0, BFloat16.nan] }
    let spread = try Tensor(values, shape: [2, 2, 18, 16]).copied(to: gpu.stream)
    let everyOther = try CUDATensor<BFloat16>(
      borrowing: spread.pointer, shape: shape.values, strides: spread.strides[..<3] + [2], in: gpu.stream.context,
      keeping: spread.owner)
    let result = try scaledDotProductAttention(
      queries: inputs.queries.copied(to: gpu.stream), keys: repeatedKeys, values: everyOther, on: gpu.stream)
    #expect(gpu.launches.map(\.kernel) == ["attend_sm_80_bf16_d16_v8_elements_64x64"])
    let forward = AttentionResult(
      output: try result.output.copiedToHost(on: gpu.stream),
      logSumExp: try result.logSumExp.copiedToHost(on: gpu.stream))
    try Yardstick(inputs).check(forward, ExecutionOptions(backend: .cuda), #_sourceLocation)
  }
}
