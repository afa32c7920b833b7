import Tensors
import Testing

@testable import CUDADriver

@Suite("A context is current while an operation runs, and only then")
struct ContextTests {
  @Test("The primary context of a device is retained once and released with the runtime")
  func retention() throws {
    let mock = MockDriver()
    do {
      let runtime = try CUDARuntime(driver: mock)
      let first = try runtime.context(on: runtime.devices[0])
      let second = try runtime.context(on: runtime.devices[0])
      #expect(first === second)
      #expect(mock.resources.contexts == 1)
    }
    #expect(mock.resources == .none)
  }

  @Test("Another library's context is current again afterwards, also when the operation fails")
  func restoration() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    let foreign = mock.makeForeignContext()
    try mock.setCurrentContext(foreign)
    let stream = try CUDAStream(in: context)
    #expect(try mock.currentContext() == foreign)
    mock.fail(.cuStreamSynchronize, with: .invalidHandle)
    #expect(throws: AttentionError.self) { try stream.synchronize() }
    #expect(try mock.currentContext() == foreign)
    try mock.setCurrentContext(.none)
  }

  @Test("A thread without a context has none afterwards")
  func noContext() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    _ = try CUDAStream(in: context)
    #expect(try mock.currentContext() == .none)
  }

  @Test("What is given back is given back in the context")
  func release() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    var stream: CUDAStream? = try CUDAStream(in: context)
    let before = mock.calls.count
    #expect(stream != nil)
    stream = nil
    #expect(mock.calls[before...] == [.cuCtxGetCurrent, .cuCtxSetCurrent, .cuStreamDestroy, .cuCtxSetCurrent])
  }

  @Test("Tasks that move between threads find the context on each")
  func tasks() async throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    let stream = try CUDAStream(in: context)
    try await withThrowingTaskGroup(of: [Int32].self) { group in
      for task in 0..<32 {
        group.addTask {
          let buffer = try stream.upload([Int32](repeating: Int32(task), count: 64))
          await Task.yield()
          return try stream.download(buffer.span, as: Int32.self)
        }
      }
      for try await values in group {
        #expect(Set(values).count == 1)
      }
    }
    #expect(mock.resources.allocations == 0)
  }

  @Test("An error names the device, the entry point and the driver's words, on one line")
  func words() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    mock.fail(.cuStreamCreate, with: .outOfMemory)
    #expect(
      throws: AttentionError.deviceFailure(
        "CUDA device 0 (Mock Hopper)",
        reason: "cuStreamCreate: CUDA_ERROR_OUT_OF_MEMORY, explanation of CUDA_ERROR_OUT_OF_MEMORY")
    ) { try CUDAStream(in: context) }
    #expect(context.breakage == nil)
  }

  @Test("After a kernel faulted the device says so, and nothing is sent to it any more")
  func breakage() throws {
    let mock = MockDriver(launchHandler: { _, _ in throw DriverFailure(.cuLaunchKernelEx, .illegalAddress) })
    let context = try CUDARuntime.context(of: mock)
    let stream = try CUDAStream(in: context)
    let kernel = try KernelFunction(.portable, in: context)
    var launch = try PreparedLaunch(
      kernel, shape: LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32)), arguments: [])
    try launch.enqueue(on: stream)
    #expect(
      message { try stream.synchronize() }?.contains("cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS") == true)
    let calls = mock.calls.count
    #expect(
      message { try stream.synchronize() }
        == "CUDA device 0 (Mock Hopper) is not available: an earlier operation broke it for the rest of the "
        + "process: CUDA_ERROR_ILLEGAL_ADDRESS")
    #expect(mock.calls.count == calls)
  }

  @Test(
    "Statuses that leave the context unusable are sticky, others are not",
    arguments: [
      (UInt32(700), true), (702, true), (709, true), (710, true), (714, true), (715, true), (716, true), (717, true),
      (718, true), (719, true), (721, true), (214, true), (226, true), (4, true),
      (1, false), (2, false), (218, false), (400, false), (600, false), (701, false), (801, false),
    ])
  func stickiness(status: UInt32, isSticky: Bool) {
    #expect(DriverStatus(rawValue: status).isSticky == isSticky)
  }
}
