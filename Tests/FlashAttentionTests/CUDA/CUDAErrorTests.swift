import CUDADriver
import Testing

@testable import FlashAttention

@Suite("Errors of calls on a CUDA device name what was wrong")
struct CUDAErrorTests {
  private let gpu: MockGPU
  private let tensor: CUDATensor<Float16>

  init() throws {
    gpu = try MockGPU(.ampere, .ampere)
    tensor = try CUDATensor(unwritten: [1, 2, 4, 8], on: gpu.stream)
  }

  private func message(_ body: () throws -> Void) -> String? {
    #expect(throws: AttentionError.self) { try body() }?.description
  }

  @Test("No driver, no device and an old driver are named by a call that asks for a device")
  func discovery() throws {
    let inputs = try AttentionInputs<Float16>(AttentionCase(lengths: (4, 4), dimensions: (8, 8), element: .float16))
    func message(_ discovery: DeviceDiscovery) -> String? {
      self.message {
        try CUDADevices.$replacement.withValue(discovery) { _ = try inputs.forward(ExecutionOptions(backend: .cuda)) }
      }
    }
    let prefix = "back end cuda is not available: "
    #expect(
      message(.refused(.noDriver(reason: "libcuda.so.1: not found"))) == prefix
        + "no NVIDIA driver: libcuda.so.1: not found")
    #expect(message(.refused(.noDevice)) == prefix + "the NVIDIA driver sees no device")
    let old = DeviceDiscovery { () throws(DriverRefusal) in MockDriver(version: DriverVersion(11, 2)) }
    #expect(message(old)?.contains("implements CUDA 11.2") == true)
    let volta = DeviceDiscovery { () throws(DriverRefusal) in MockDriver(devices: [.volta]) }
    #expect(message(volta)?.contains("compute capability 7.0") == true)
  }

  @Test("What no device can do is said without looking for one")
  func withoutDiscovery() throws {
    let inputs = try AttentionInputs<Float>(AttentionCase(lengths: (4, 4), dimensions: (8, 8)))
    let options = ExecutionOptions(backend: .cuda)
    try CUDADevices.$replacement.withValue(.refused(.noDevice)) {
      #expect(message { _ = try inputs.forward(options) }?.contains("fp32") == true)
      let halves = try AttentionInputs<Float16>(AttentionCase(lengths: (4, 4), dimensions: (8, 8), element: .float16))
      #expect(message { _ = try halves.gradients(options) }?.contains("its gradients are not there yet") == true)
    }
  }

  @Test("A tensor of another device is named")
  func otherDevice() throws {
    let other = try CUDAStream(in: gpu.runtime.context(on: gpu.runtime.device(at: 1)))
    let foreign = try CUDATensor<Float16>(unwritten: [1, 2, 4, 8], on: other)
    let text = message {
      _ = try scaledDotProductAttention(queries: tensor, keys: foreign, values: tensor, on: gpu.stream)
    }
    #expect(
      text == "keys: was in the memory of CUDA device 1 (Mock Ampere), expected in the memory of CUDA device 0 "
        + "(Mock Ampere), as the stream")
  }

  @Test("A mask or a bias that does not broadcast is named")
  func broadcast() throws {
    let mask = try CUDATensor<Bool>(unwritten: [3, 4], on: gpu.stream)
    #expect(
      message {
        _ = try scaledDotProductAttention(
          queries: tensor, keys: tensor, values: tensor, booleanMask: mask, on: gpu.stream)
      }?.hasPrefix("booleanMask: was [3, 4], expected a shape that broadcasts") == true)
    let bias = CUDAAttentionBias(try CUDATensor<Float>(unwritten: [5, 1, 1], on: gpu.stream))
    #expect(
      message {
        _ = try scaledDotProductAttention(queries: tensor, keys: tensor, values: tensor, bias: bias, on: gpu.stream)
      }?.hasPrefix("bias: was [5, 1, 1]") == true)
  }

  @Test("Raw operands are checked as far as their addresses and strides tell")
  func operands() throws {
    let descriptor = try AttentionDescriptor(
      shape: AttentionShape(queries: tensor.shape, keys: tensor.shape, values: tensor.shape), elementType: .float16,
      biasType: .float32)
    func message(_ change: (inout CUDAOperands) -> Void) -> String? {
      var operands = CUDAOperands(
        queries: tensor.operand, keys: tensor.operand, values: tensor.operand, output: tensor.operand,
        logSumExp: tensor.pointer, bias: tensor.operand)
      change(&operands)
      return self.message { try CUDAAttention.enqueue(descriptor, operands, on: gpu.stream) }
    }
    #expect(
      message { $0.keys.pointer = DevicePointer(rawValue: 0) } == "keys: was a null pointer, expected a device pointer")
    #expect(message { $0.values.pointer = tensor.pointer.advanced(by: 1) }?.contains("2 bytes") == true)
    #expect(message { $0.logSumExp = tensor.pointer.advanced(by: 2) }?.hasPrefix("logSumExp: ") == true)
    #expect(
      message { $0.output.strides.row = 0 } == "output: was a stride of 0, expected a place of its own for each element"
    )
    #expect(message { $0.bias = nil } == "bias: was nil, expected a bias, for which the plan was made")
    #expect(message { $0.booleanMask = tensor.operand }?.hasPrefix("booleanMask: was a mask") == true)
    #expect(
      message {
        $0.queries.strides.batch = .min; $0.queries.strides.row = .max
      }?.contains("2^58") == true)
    #expect(message { $0.bias?.strides.column = 1 << 30 }?.contains("bias has a stride of 1073741824 elements") == true)
    #expect(gpu.launches.isEmpty)
  }

  @Test("Memory is borrowed only where it is the device's, and with strides that fit")
  func borrowing() throws {
    let memory = gpu.driver.makeForeignMemory(byteCount: 64)
    let context = gpu.stream.context
    #expect(try CUDATensor<Float16>(borrowing: memory.pointer, shape: [4, 8], in: context).strides == [8, 1])
    #expect(
      message { _ = try CUDATensor<Float16>(borrowing: memory.pointer, shape: [4], strides: [1, 1], in: context) }
        == "strides: was [1, 1], expected one for each of the 1 axes")
    #expect(
      message {
        _ = try CUDATensor<Float16>(borrowing: memory.pointer.advanced(by: 1), shape: [4], in: context)
      }?.contains("a multiple of 2") == true)
    #expect(
      message { _ = try CUDATensor<Float16>(borrowing: DevicePointer(rawValue: 16), shape: [4], in: context) }
        == "pointer: was 0x10, expected an address in the memory of CUDA device 0 (Mock Ampere)")
    #expect(message { _ = try CUDATensor<Float16>(unwritten: [4, -1], on: gpu.stream) }?.hasPrefix("shape: ") == true)
  }

  @Test("A failure at any call of the driver is thrown or harmless, and keeps no memory of the device")
  func failures() throws {
    let inputs = try AttentionInputs<Float16>(
      AttentionCase(
        heads: (4, 2), lengths: (10, 1024), dimensions: (16, 16), element: .float16,
        booleanMask: BooleanMaskForm(form: .matrix)))
    let reference = try MockGPU(.ampere)
    let first = reference.driver.calls.count
    _ = try reference.whileFound { try inputs.forward(ExecutionOptions(backend: .cuda)) }
    let calls = reference.driver.calls
    #expect(reference.launches.count == 2)
    for position in first..<calls.count {
      let gpu = try MockGPU(.ampere)
      gpu.driver.fail(at: position, with: .invalidValue)
      let text: String?
      do {
        _ = try gpu.whileFound { try inputs.forward(ExecutionOptions(backend: .cuda)) }
        text = nil
      } catch {
        text = "\(error)"
      }
      #expect(text?.contains("CUDA_ERROR_INVALID_VALUE") != false)
      #expect(gpu.driver.resources.allocations == 0, "after a failure of \(calls[position])")
      #expect(gpu.driver.resources.streams == 1)
    }
  }
}
