import CUDADriver
import Testing

@testable import FlashAttention

@Suite("Calls on a CUDA device, as the driver sees them")
struct CUDACallTests {
  private func inputs(
    batch: Int = 1, heads: (Int, Int) = (2, 2), lengths: (Int, Int) = (40, 50), dimensions: (Int, Int) = (16, 8),
    booleanMask: BooleanMaskForm? = nil, bias: BiasForm? = nil
  ) throws -> AttentionInputs<Float16> {
    try AttentionInputs(
      AttentionCase(
        batch: batch, heads: heads, lengths: lengths, dimensions: dimensions, element: .float16,
        booleanMask: booleanMask, bias: bias))
  }

  @Test("A call on the machine's tensors copies in, launches once, copies out and keeps no memory")
  func hostCall() throws {
    let gpu = try MockGPU(.ampere)
    let inputs = try inputs(booleanMask: BooleanMaskForm(form: .matrix), bias: BiasForm(form: .overAll))
    let result = try gpu.whileFound { try inputs.forward(ExecutionOptions(backend: .cuda)) }
    #expect(result.output.shape == [1, 2, 40, 8])
    #expect(result.logSumExp.shape == [1, 2, 40])
    // Nothing executes the launch, so the result is what the mock's memory held.
    #expect(result.logSumExp.scalars.allSatisfy { $0.isNaN })
    #expect(gpu.launches.count == 1)
    #expect(gpu.count(.cuMemcpyHtoDAsync) == 5)
    #expect(gpu.count(.cuMemcpyDtoHAsync) == 2)
    #expect(gpu.driver.resources.allocations == 0)
    // The one that is left is that of the mock's owner.
    #expect(gpu.driver.resources.streams == 1)
  }

  @Test("The launch gets the addresses and the strides in bytes of tensors where they are")
  func arguments() throws {
    let gpu = try MockGPU(.ampere)
    let inputs = try inputs(batch: 2, bias: BiasForm(form: .matrix, element: .bfloat16))
    let queries = try inputs.queries.copied(to: gpu.stream)
    // [B, S, H, D] in memory.
    let keys = try Tensor(copying: inputs.keys.transposed(1, 2)).copied(to: gpu.stream).transposed(1, 2)
    let values = try inputs.values.copied(to: gpu.stream)
    let bias = try #require(inputs.bias).copied(to: gpu.stream)
    let result = try scaledDotProductAttention(
      queries: queries, keys: keys, values: values, bias: bias, on: gpu.stream)
    let launch = try #require(gpu.launches.first)
    #expect(launch.kernel == "attend_sm_80_f16_d16_v8_bias_bf16_64x64")
    #expect(launch.address("query") == queries.pointer.rawValue)
    #expect(launch.address("key") == keys.pointer.rawValue)
    #expect(launch.address("output") == result.output.pointer.rawValue)
    #expect(launch.address("log_sum_exp") == result.logSumExp.pointer.rawValue)
    #expect(launch.number("key_row_stride") == 2 * 16 * 2)
    #expect(launch.number("key_head_stride") == 16 * 2)
    #expect(launch.number("key_batch_stride") == 50 * 2 * 16 * 2)
    #expect(launch.number("bias_head_stride") == 0)
    #expect(launch.number("bias_row_stride") == 50 * 2)
    #expect(launch.number("bias_element_stride") == 2)
    #expect(launch.number("query_length") == 40)
    #expect(launch.number("key_length") == 50)
    #expect(launch.shape.grid.x == 4)
  }

  @Test("On Hopper the launch gets maps of the tensors")
  func maps() throws {
    let gpu = try MockGPU(.hopper)
    let inputs = try inputs(batch: 2, dimensions: (64, 64))
    let tensors = try [inputs.queries, inputs.keys, inputs.values].map { try $0.copied(to: gpu.stream) }
    let result = try scaledDotProductAttention(
      queries: tensors[0], keys: tensors[1], values: tensors[2], on: gpu.stream)
    let launch = try #require(gpu.launches.first)
    #expect(launch.kernel == "attend_sm_90a_f16_d64_64x128")
    let keys = try #require(launch.map("key_map"))
    #expect(keys.address == tensors[1].pointer)
    #expect(keys.element == .float16)
    #expect(keys.sizes == [64, 50, 2, 2])
    #expect(keys.strides == [128, 50 * 128, 2 * 50 * 128])
    #expect(launch.map("output_map")?.address == result.output.pointer)
  }

  @Test("Parts of split keys go to memory of their own and are merged", arguments: [1, 10])
  func splits(queryLength: Int) throws {
    let gpu = try MockGPU(.ampere)
    let inputs = try inputs(heads: (4, 2), lengths: (queryLength, 1024))
    let tensors = try [inputs.queries, inputs.keys, inputs.values].map { try $0.copied(to: gpu.stream) }
    let result = try scaledDotProductAttention(
      queries: tensors[0], keys: tensors[1], values: tensors[2], on: gpu.stream)
    #expect(
      gpu.launches.map(\.kernel)
        == (queryLength == 1
          ? ["attend_sm_80_f16_d16_v8_heads2_merged_64x64"]
          : ["attend_sm_80_f16_d16_v8_heads2_parts_64x64", "combine_f16_v8"]))
    let (part, merge) = try (#require(gpu.launches.first), #require(gpu.launches.last))
    let splits = try #require(part.number("splits"))
    #expect(splits > 1)
    #expect(merge.number("splits") == splits)
    let names = ["partial_output", "partial_log_sum_exp"]
    let parts = try names.map { try #require(part.address($0)) }
    #expect(parts[1] - parts[0] == UInt64(splits * 4 * queryLength * 8 * 4))
    #expect(names.map { merge.address($0) } == parts)
    #expect((part.address("arrivals") == parts[1] + UInt64(splits * 4 * 4)) == (queryLength == 1))
    #expect(merge.address("output") == result.output.pointer.rawValue)
    #expect(merge.address("log_sum_exp") == result.logSumExp.pointer.rawValue)
    // The parts' memory has gone in the order of the stream.
    #expect(gpu.driver.resources.allocations == 5)
  }

  @Test(
    "Nothing is launched where there is no row",
    arguments: [(0, (2, 2), (3, 4)), (1, (0, 0), (3, 4)), (1, (2, 2), (0, 4)), (1, (2, 2), (0, 0))])
  func noRows(batch: Int, heads: (Int, Int), lengths: (Int, Int)) throws {
    let gpu = try MockGPU(.hopper)
    let inputs = try inputs(batch: batch, heads: heads, lengths: lengths)
    let result = try gpu.whileFound { try inputs.forward(ExecutionOptions(backend: .cuda)) }
    #expect(result.output.shape == [batch, heads.0, lengths.0, 8])
    #expect(gpu.launches.isEmpty)
  }

  @Test("Rows without keys are launched, and no map is of a null address", arguments: [MockDevice.ampere, .hopper])
  func noKeys(device: MockDevice) throws {
    let gpu = try MockGPU(device)
    let inputs = try inputs(lengths: (5, 0), booleanMask: BooleanMaskForm(form: .whole))
    _ = try gpu.whileFound { try inputs.forward(ExecutionOptions(backend: .cuda)) }
    let launch = try #require(gpu.launches.first)
    #expect(launch.number("key_length") == 0)
    #expect(launch.arguments.compactMap(\.tensorMap).allSatisfy { $0.address.rawValue != 0 })
  }

  @Test(
    "Keys and values without elements need neither an address nor strides", arguments: [MockDevice.ampere, .hopper])
  func noAddress(device: MockDevice) throws {
    let gpu = try MockGPU(device)
    let tensor = try CUDATensor<Float16>(unwritten: [2, 2, 3, 64], on: gpu.stream)
    let descriptor = try AttentionDescriptor(
      shape: AttentionShape(
        batch: 2, queryHeads: 2, keyValueHeads: 2, queryLength: 3, keyLength: 0, headDimension: 64, valueDimension: 64),
      elementType: .float16)
    let nothing = CUDAOperand(
      pointer: DevicePointer(rawValue: 0), strides: CUDAStrides(batch: 0, head: 0, row: 0, column: 0))
    try CUDAAttention.enqueue(
      descriptor,
      CUDAOperands(
        queries: tensor.operand, keys: nothing, values: nothing, output: tensor.operand, logSumExp: tensor.pointer),
      on: gpu.stream)
    #expect(gpu.launches.map { $0.number("key_length") } == [0])
  }
}
