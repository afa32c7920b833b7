import CUDADriver
import Testing

@testable import FlashAttention

@Suite("Prepared calls on a CUDA device")
struct PreparedCUDATests {
  private struct Call {
    let gpu: MockGPU
    let plan: CUDAAttentionPlan
    let inputs: [CUDATensor<Float16>]
    let result: CUDAAttentionResult<Float16>

    init(_ device: MockDevice, lengths: (Int, Int) = (64, 64)) throws {
      let gpu = try MockGPU(device)
      self.gpu = gpu
      let shape = try AttentionShape(
        batch: 1, queryHeads: 2, keyValueHeads: 2, queryLength: lengths.0, keyLength: lengths.1, headDimension: 64,
        valueDimension: 64)
      plan = try CUDAAttentionPlan(
        AttentionDescriptor(shape: shape, elementType: .float16), on: CUDADeviceTraits(gpu.stream.context.device))
      inputs = try [shape.queries, shape.keys, shape.values].map { try CUDATensor(unwritten: $0, on: gpu.stream) }
      result = CUDAAttentionResult(
        output: try CUDATensor(unwritten: shape.output, on: gpu.stream),
        logSumExp: try CUDATensor(unwritten: shape.rows, on: gpu.stream))
    }

    func attend(_ prepared: inout PreparedCUDAAttention, keys: CUDATensor<Float16>? = nil) throws {
      try prepared.attend(queries: inputs[0], keys: keys ?? inputs[1], values: inputs[2], into: result)
    }
  }

  @Test(
    "A call that is repeated makes a launch and no other call of the driver but for the context",
    arguments: [MockDevice.ampere, .hopper], [(64, 64), (1, 1024), (10, 2048)])
  func repeated(device: MockDevice, lengths: (Int, Int)) throws {
    let call = try Call(device, lengths: lengths)
    var prepared = try call.plan.prepare(on: call.gpu.stream)
    try call.attend(&prepared)
    let before = call.gpu.driver.calls.count
    try call.attend(&prepared)
    let calls = call.gpu.driver.calls[before...].filter { $0 != .cuCtxGetCurrent && $0 != .cuCtxSetCurrent }
    #expect(calls == [EntryPoint](repeating: .cuLaunchKernelEx, count: call.plan.modules.count))
    let half = call.gpu.launches.count / 2
    #expect(call.gpu.launches[..<half].map(\.arguments) == call.gpu.launches[half...].map(\.arguments))
  }

  @Test("Another address is passed on; of maps, only those of what moved are encoded again")
  func moved() throws {
    for device in [MockDevice.ampere, .hopper] {
      let call = try Call(device)
      let other = try CUDATensor<Float16>(unwritten: call.inputs[1].shape, on: call.gpu.stream)
      var prepared = try call.plan.prepare(on: call.gpu.stream)
      try call.attend(&prepared)
      let maps = call.gpu.count(.cuTensorMapEncodeTiled)
      try call.attend(&prepared, keys: other)
      #expect(call.gpu.count(.cuTensorMapEncodeTiled) - maps == (device == .hopper ? 1 : 0))
      let launch = try #require(call.gpu.launches.last)
      let address = device == .hopper ? launch.map("key_map")?.address.rawValue : launch.address("key")
      #expect(address == other.pointer.rawValue)
      #expect(launch.arguments != call.gpu.launches[0].arguments)
      try call.attend(&prepared)
      #expect(call.gpu.launches.last?.arguments == call.gpu.launches[0].arguments)
    }
  }

  @Test("Other strides are passed on where the kernel takes them, and refused where it does not")
  func restrided() throws {
    let call = try Call(.hopper)
    var prepared = try call.plan.prepare(on: call.gpu.stream)
    try call.attend(&prepared)
    let wide = try CUDATensor<Float16>(unwritten: [1, 2, 64, 72], on: call.gpu.stream).sliced(3, 0..<64)
    try call.attend(&prepared, keys: wide)
    #expect(call.gpu.launches.last?.map("key_map")?.strides[0] == 144)
    let odd = try CUDATensor<Float16>(unwritten: [1, 2, 64, 65], on: call.gpu.stream).sliced(3, 0..<64)
    let error = #expect(throws: AttentionError.self) { try call.attend(&prepared, keys: odd) }
    #expect(error?.description.contains("the rows of keys do not lie at multiples of 16 bytes") == true)
    #expect(call.gpu.launches.count == 2)
    // The refusal left the call as it was.
    try call.attend(&prepared)
    #expect(call.gpu.launches.last?.arguments == call.gpu.launches[0].arguments)
  }

  @Test("A kernel is assembled once for a device, whatever calls it")
  func assembledOnce() throws {
    let call = try Call(.ampere)
    for _ in 0..<3 {
      var prepared = try call.plan.prepare(on: call.gpu.stream)
      try call.attend(&prepared)
      _ = try scaledDotProductAttention(
        queries: call.inputs[0], keys: call.inputs[1], values: call.inputs[2], on: call.gpu.stream)
    }
    #expect(call.gpu.count(.cuModuleLoadDataEx) == 1)
    #expect(call.gpu.launches.count == 6)
  }

  @Test("A plan for warpgroups is refused by a stream of a device without them")
  func otherDevice() throws {
    let hopper = try Call(.hopper)
    let ampere = try MockGPU(.ampere)
    let error = #expect(throws: AttentionError.self) {
      _ = try hopper.plan.prepare(on: ampere.stream).plan
    }
    #expect(error?.description.hasPrefix("stream: was one of CUDA device 0 (Mock Ampere)") == true)
  }
}
