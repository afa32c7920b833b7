import CUDADriver
import FlashAttentionC
import FlashAttentionEntry
import ReferenceAttention
import SimulatedAttention
import Testing

@testable import FlashAttention

@Suite("The entry point for C")
struct EntryTests {
  /// What a call returns, and the line that says why.
  private struct Outcome: Equatable {
    var status: Int32
    var message: String
  }

  private func forward(_ call: flash_attention_call, capacity: Int = 500) -> Outcome {
    var message = [CChar](repeating: 0x7f, count: max(capacity, 1))
    let status = withUnsafePointer(to: call) { flash_attention_forward_cuda($0, &message, capacity) }
    let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return Outcome(status: status, message: status == 0 ? "" : String(decoding: text, as: UTF8.self))
  }

  /// The tensors of a call in device memory.
  private struct Tensors {
    let gpu: MockGPU
    let inputs: AttentionInputs<Float16>
    let queries: CUDATensor<Float16>
    let keys: CUDATensor<Float16>
    let values: CUDATensor<Float16>
    let output: CUDATensor<Float16>
    let logSumExp: CUDATensor<Float>

    init(_ gpu: MockGPU, _ attentionCase: AttentionCase) throws {
      self.gpu = gpu
      inputs = try AttentionInputs(attentionCase)
      queries = try inputs.queries.copied(to: gpu.stream)
      // [B, S, H, D] in memory.
      keys = try inputs.keys.transposed(1, 2).copied(to: gpu.stream).transposed(1, 2)
      values = try inputs.values.copied(to: gpu.stream)
      output = try CUDATensor(unwritten: attentionCase.shape.output, on: gpu.stream)
      logSumExp = try CUDATensor(unwritten: attentionCase.shape.rows, on: gpu.stream)
    }

    var call: flash_attention_call {
      let shape = inputs.attentionCase.shape
      var call = flash_attention_call()
      call.size = MemoryLayout<flash_attention_call>.size
      call.element_type = Int32(FLASH_ATTENTION_F16)
      call.batch = Int64(shape.batch)
      call.query_heads = Int64(shape.queryHeads)
      call.key_value_heads = Int64(shape.keyValueHeads)
      call.query_length = Int64(shape.queryLength)
      call.key_length = Int64(shape.keyLength)
      call.head_dimension = Int64(shape.headDimension)
      call.value_dimension = Int64(shape.valueDimension)
      call.query = operand(queries)
      call.key = operand(keys)
      call.value = operand(values)
      call.output = operand(output)
      call.log_sum_exp = address(logSumExp.pointer)?.assumingMemoryBound(to: Float.self)
      return call
    }

    func operand(_ tensor: CUDATensor<some TensorElement>) -> flash_attention_operand {
      let strides = tensor.strides.map(Int64.init)
      return flash_attention_operand(
        address: address(tensor.pointer), strides: (strides[0], strides[1], strides[2], strides[3]))
    }

    private func address(_ pointer: DevicePointer) -> UnsafeMutableRawPointer? {
      UnsafeMutableRawPointer(bitPattern: UInt(pointer.rawValue))
    }

    func result() throws -> AttentionResult<Float16> {
      AttentionResult(
        output: try output.copiedToHost(on: gpu.stream), logSumExp: try logSumExp.copiedToHost(on: gpu.stream))
    }
  }

  private static let small = AttentionCase(
    heads: (2, 1), lengths: (5, 9), dimensions: (16, 16), element: .float16)

  @Test("A plain call on another library's memory meets the contract", arguments: [MockDevice.ampere, .hopper])
  func plain(device: MockDevice) throws {
    let tensors = try Tensors(SimulatedGPU.make(device), Self.small)
    #expect(tensors.gpu.whileFound { forward(tensors.call) } == Outcome(status: 0, message: ""))
    try Yardstick(tensors.inputs).check(tensors.result(), ExecutionOptions(backend: .cuda), #_sourceLocation)
  }

  @Test("Scale, cap, window, mask and bias mean what they mean in Swift")
  func features() throws {
    let attentionCase = AttentionCase(
      batch: 2, heads: (2, 1), lengths: (6, 11), dimensions: (8, 12), element: .float16,
      mask: try .slidingWindow(left: 4, right: 1, .topLeft), booleanMask: BooleanMaskForm(form: .whole),
      bias: BiasForm(form: .whole, element: .bfloat16), scale: 0.7, softcap: 3)
    let tensors = try Tensors(SimulatedGPU.make(.ampere), attentionCase)
    let mask = try #require(tensors.inputs.booleanMask).copied(to: tensors.gpu.stream)
    let bias = try #require(tensors.inputs.exactBias)
    let copiedBias = try Tensor<BFloat16>(mapping: bias) { BFloat16($0) }.copied(to: tensors.gpu.stream)
    var call = tensors.call
    call.flags = UInt32(
      FLASH_ATTENTION_HAS_SCALE | FLASH_ATTENTION_HAS_SOFTCAP | FLASH_ATTENTION_HAS_LEFT | FLASH_ATTENTION_HAS_RIGHT
        | FLASH_ATTENTION_TOP_LEFT)
    call.scale = 0.7
    call.softcap = 3
    call.left = 4
    call.right = 1
    call.mask = tensors.operand(mask)
    call.bias = tensors.operand(copiedBias)
    call.bias_type = Int32(FLASH_ATTENTION_BF16)
    #expect(tensors.gpu.whileFound { forward(call) } == Outcome(status: 0, message: ""))
    try Yardstick(tensors.inputs).check(tensors.result(), ExecutionOptions(backend: .cuda), #_sourceLocation)
  }

  @Test("The work is queued on the stream of the call")
  func stream() throws {
    let tensors = try Tensors(MockGPU(.ampere), Self.small)
    var call = tensors.call
    call.stream = UnsafeMutableRawPointer(bitPattern: 0x1230)
    #expect(tensors.gpu.whileFound { forward(call) }.status == 0)
    #expect(tensors.gpu.launches.last?.stream.rawValue == 0x1230)
    #expect(tensors.gpu.count(.cuStreamSynchronize) == 3)
  }

  @Test("An argument that makes no sense ends with 64 and its name")
  func badArguments() throws {
    let tensors = try Tensors(MockGPU(.ampere), Self.small)
    func message(_ change: (inout flash_attention_call) -> Void) -> String {
      var call = tensors.call
      change(&call)
      let outcome = tensors.gpu.whileFound { forward(call) }
      #expect(outcome.status == FLASH_ATTENTION_BAD_ARGUMENT)
      return outcome.message
    }
    #expect(message { $0.size -= 8 }.hasPrefix("size: was "))
    #expect(message { $0.batch = -1 } == "batch: was -1, expected at least 0")
    #expect(
      message {
        $0.query_heads = 3; $0.key_value_heads = 2
      }.hasPrefix("query heads: was 3"))
    #expect(message { $0.element_type = 7 }.hasPrefix("element_type: was 7"))
    #expect(
      message { $0.key.address = nil }.hasPrefix("key: was 0x0, expected an address in the memory of CUDA device 0"))
    #expect(message { $0.query.address = UnsafeMutableRawPointer(bitPattern: 0x40) }.hasPrefix("query: was 0x40"))
    #expect(message { $0.output.strides.2 = 0 }.hasPrefix("output: was a stride of 0"))
    #expect(message { $0.device = 4 } == "device: was 4, expected 0 to 0")
    #expect(message { $0.flags = UInt32(FLASH_ATTENTION_HAS_SOFTCAP) }.hasPrefix("softcap: was 0.0"))
    #expect(
      tensors.gpu.whileFound { flash_attention_forward_cuda(nil, nil, 0) } == FLASH_ATTENTION_BAD_ARGUMENT)
    #expect(tensors.gpu.launches.isEmpty)
  }

  @Test("What is not there ends with 69, and the line is cut where there is no room")
  func unavailable() throws {
    let tensors = try Tensors(MockGPU(.ampere), Self.small)
    CUDADevices.$replacement.withValue(.refused(.noDevice)) {
      #expect(
        forward(tensors.call)
          == Outcome(
            status: Int32(FLASH_ATTENTION_UNAVAILABLE),
            message: "back end cuda is not available: the NVIDIA driver sees no device"))
      #expect(forward(tensors.call, capacity: 14).message == "back end cuda")
      #expect(forward(tensors.call, capacity: 1).message == "")
    }
    var call = tensors.call
    call.element_type = Int32(FLASH_ATTENTION_F32)
    #expect(tensors.gpu.whileFound { forward(call) }.message.contains("fp32"))
    tensors.gpu.driver.fail(.cuLaunchKernelEx, with: .launchFailed)
    let failed = tensors.gpu.whileFound { forward(tensors.call) }
    #expect(failed.status == FLASH_ATTENTION_UNAVAILABLE)
    #expect(failed.message.contains("CUDA device 0 (Mock Ampere) failed: cuLaunchKernelEx"))
    // That broke the device, which is not the arguments' fault.
    let broken = tensors.gpu.whileFound { forward(tensors.call) }
    #expect(broken.status == FLASH_ATTENTION_UNAVAILABLE)
    #expect(broken.message.contains("an earlier operation broke it"))
  }
}
