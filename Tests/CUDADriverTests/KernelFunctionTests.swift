import Tensors
import Testing

@testable import CUDADriver

@Suite("A kernel is loaded with its limits checked")
struct KernelFunctionTests {
  @Test("A loaded kernel knows its resources and owns its module")
  func resources() throws {
    let mock = MockDriver(assembler: { _, _, _ in
      MockAssembly(
        log: AssemblyLog(information: "ptxas info : Used 168 registers"), registers: 168, staticSharedBytes: 1024,
        maximumThreads: 384)
    })
    let context = try CUDARuntime.context(of: mock)
    do {
      let kernel = try KernelFunction(.scale, in: context)
      #expect(kernel.name == "scale")
      #expect(kernel.registers == 168)
      #expect(kernel.staticSharedBytes == 1024)
      #expect(kernel.localBytes == 0)
      #expect(kernel.maximumThreads == 384)
      #expect(kernel.log.information == "ptxas info : Used 168 registers")
      #expect(mock.resources.modules == 1)
    }
    #expect(mock.resources.modules == 0)
  }

  @Test("The assembler's log is in the error, on one line")
  func log() throws {
    let mock = MockDriver(assembler: { _, _, _ in
      .refused(.invalidPTX, "ptxas application ptx input, line 7; error : Unknown symbol 'r9'\n  ptxas fatal\n\n")
    })
    let context = try CUDARuntime.context(of: mock)
    #expect(
      throws: AttentionError.deviceFailure(
        "CUDA device 0 (Mock Hopper)",
        reason: "cuModuleLoadDataEx: CUDA_ERROR_INVALID_PTX, explanation of CUDA_ERROR_INVALID_PTX; "
          + "ptxas application ptx input, line 7; error : Unknown symbol 'r9'; ptxas fatal")
    ) { try KernelFunction(.scale, in: context) }
  }

  @Test(
    "A text that the device or the driver does not run is refused with the driver's status",
    arguments: [
      (MockDevice.ampere, DriverVersion(12, 4), "CUDA_ERROR_NO_BINARY_FOR_GPU"),
      (.hopper, DriverVersion(11, 8), "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"),
    ])
  func unsupportedText(device: MockDevice, version: DriverVersion, status: String) throws {
    let context = try CUDARuntime.context(of: MockDriver(devices: [device], version: version))
    #expect(message { _ = try KernelFunction(.scale, in: context) }?.contains(status) == true)
    #expect(message { _ = try KernelFunction(.portable, in: context) } == nil)
  }

  @Test("A kernel that the text does not hold is refused, and the module goes")
  func missingEntry() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    let source = KernelSource(text: Texts.scale, entry: "scal")
    #expect(
      message { _ = try KernelFunction(source, in: context) }?
        .contains("cuModuleGetFunction: CUDA_ERROR_NOT_FOUND") == true)
    #expect(mock.resources.modules == 0)
  }

  @Test("A spill is refused by its size, with the assembler's report, unless the source allows it")
  func spill() throws {
    let mock = MockDriver(assembler: { _, _, _ in
      MockAssembly(log: AssemblyLog(information: "24 bytes spill stores"), localBytes: 24)
    })
    let context = try CUDARuntime.context(of: mock)
    #expect(
      throws: AttentionError.unavailable(
        "kernel scale",
        reason: "it uses 24 bytes of local memory a thread, so registers spill or it has a stack; 24 bytes spill stores"
      )
    ) { try KernelFunction(.scale, in: context) }
    #expect(mock.resources.modules == 0)
    var source = KernelSource.scale
    source.localMemory = .allowed
    #expect(try KernelFunction(source, in: context).localBytes == 24)
  }

  @Test("Shared memory beyond 48 KB is opted in to; what every block has is not")
  func sharedMemory() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    var source = KernelSource.scale
    source.dynamicSharedBytes = 49152
    _ = try KernelFunction(source, in: context)
    #expect(!mock.calls.contains(.cuFuncSetAttribute))
    source.dynamicSharedBytes = 232_448
    let kernel = try KernelFunction(source, in: context)
    #expect(mock.calls.last { $0 == .cuFuncSetAttribute } != nil)
    #expect(
      try context.perform { driver throws(DriverFailure) in
        try driver.attribute(.maximumDynamicSharedBytes, of: kernel.handle)
      } == 232_448)
  }

  @Test("Static and dynamic shared memory beyond the device's limit are refused with both numbers")
  func sharedMemoryLimit() throws {
    let mock = MockDriver(assembler: { _, _, _ in MockAssembly(staticSharedBytes: 16) })
    let context = try CUDARuntime.context(of: mock)
    var source = KernelSource.scale
    source.dynamicSharedBytes = 232_448
    #expect(
      throws: AttentionError.unavailable(
        "kernel scale",
        reason: "it needs 232464 bytes of shared memory a block, CUDA device 0 (Mock Hopper) has 232448")
    ) { try KernelFunction(source, in: context) }
    #expect(mock.resources.modules == 0)
  }
}
