import Tensors
import Testing

@testable import CUDADriver

@Suite("The whole road: discover, assemble, allocate, launch, copy back")
struct EndToEndTests {
  /// Scales five numbers on the first device of a driver.
  private func scale(on driver: any DriverInterface) throws -> [Float] {
    let runtime = try CUDARuntime(driver: driver)
    let context = try runtime.context(on: runtime.usableDevices[0])
    let stream = try CUDAStream(in: context)
    let kernel = try ModuleCache<String>().kernel(for: "scale", in: context) { .scale }
    let source = try stream.upload([1, 2, 3, 4, 5] as [Float])
    let target = try DeviceBuffer(byteCount: source.byteCount, on: stream)
    let staging = try PinnedBuffer(byteCount: source.byteCount, on: stream)
    let start = try CUDAEvent(in: context, isTimed: true)
    let end = try CUDAEvent(in: context, isTimed: true)
    var launch = try PreparedLaunch(
      kernel, shape: LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32)),
      arguments: [.pointer(source.pointer), .pointer(target.pointer), .uint32(5), .float32(10)])
    _ = try TensorMap(
      TensorMapDescription(
        element: .float32, address: source.pointer, sizes: [4], strides: [], box: [4]), in: context)
    try stream.fill(target.span, with: 255)
    try start.record(on: stream)
    try launch.enqueue(on: stream)
    try end.record(on: stream)
    try staging.copy(from: target.span)
    try stream.synchronize()
    _ = try end.milliseconds(since: start)
    return Array(staging.bytes.bindMemory(to: Float.self))
  }

  @Test("A kernel's result comes back, and nothing is left behind")
  func success() throws {
    let mock = MockDriver(launchHandler: executeScale)
    #expect(try scale(on: mock) == [10, 20, 30, 40, 50])
    #expect(mock.resources == .none)
  }

  @Test("A failure at any call is thrown or harmless, leaks nothing and restores the context")
  func failureAtEveryCall() throws {
    let reference = MockDriver(launchHandler: executeScale)
    _ = try scale(on: reference)
    let calls = reference.calls
    #expect(calls.count > 80)
    for (position, entryPoint) in calls.enumerated() {
      let mock = MockDriver(launchHandler: executeScale)
      let foreign = mock.makeForeignContext()
      try mock.setCurrentContext(foreign)
      // The call that set the foreign context is one more than the reference had.
      mock.fail(at: position + 1, with: .invalidValue)
      let text = message {
        let result = try scale(on: mock)
        #expect(result == [10, 20, 30, 40, 50])
      }
      #expect(mock.resources == .none, "after a failure of \(entryPoint) at \(position)")
      #expect(text == nil || text?.contains("CUDA_ERROR_INVALID_VALUE") == true)
      // Only changing the context back, and giving things back, have nobody to tell.
      let isQuiet = [
        .cuCtxSetCurrent, .cuCtxGetCurrent, .cuMemFreeAsync, .cuMemFreeHost, .cuStreamDestroy, .cuEventDestroy,
        .cuModuleUnload, .cuDevicePrimaryCtxRelease, .cuStreamSynchronize,
      ].contains(entryPoint)
      #expect(text != nil || isQuiet, "a failure of \(entryPoint) at \(position) was swallowed")
      if entryPoint != .cuCtxSetCurrent {
        #expect(try mock.currentContext() == foreign)
      }
      try mock.setCurrentContext(.none)
    }
  }

  @Test("A kernel that reads outside its memory breaks the device by name")
  func fault() throws {
    let mock = MockDriver(launchHandler: { record, mock in
      try mock.withBytes(at: DevicePointer(rawValue: 0xdead_0000), count: 4) { _ in }
    })
    #expect(message { _ = try scale(on: mock) }?.contains("CUDA_ERROR_ILLEGAL_ADDRESS") == true)
    #expect(mock.resources == .none)
    #expect(mock.launchError?.contains("cuLaunchKernelEx") == true)
  }

  @Test("A closure's own error is a failed launch, and the mock keeps its words")
  func simulatorError() throws {
    struct Deadlock: Error {}
    let mock = MockDriver(launchHandler: { _, _ in throw Deadlock() })
    #expect(message { _ = try scale(on: mock) }?.contains("CUDA_ERROR_LAUNCH_FAILED") == true)
    #expect(mock.launchError == "Deadlock()")
  }
}
