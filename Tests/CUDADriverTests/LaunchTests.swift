import Synchronization
import Tensors
import Testing

@testable import CUDADriver

/// Keeps the launches that a mock receives.
private final class LaunchLog: Sendable {
  private let records = Mutex<[LaunchRecord]>([])
  var all: [LaunchRecord] { records.withLock { $0 } }
  func append(_ record: LaunchRecord) { records.withLock { $0.append(record) } }
}

@Suite("A launch reaches the driver as it was prepared")
struct LaunchTests {
  @Test("Arguments lie at multiples of their alignment, maps at multiples of 64")
  func layout() throws {
    let context = try CUDARuntime.context(of: MockDriver())
    let map = try TensorMap(TensorMapTests.valid, in: context)
    let layout = ArgumentLayout([
      .int32(1), .pointer(DevicePointer(rawValue: 2)), .float32(3), .uint32(4), .tensorMap(map), .uint32(5),
      .tensorMap(map), .int64(6),
    ])
    #expect(layout.offsets == [0, 8, 16, 20, 64, 192, 256, 384])
    #expect(layout.byteCounts == [4, 8, 4, 4, 128, 4, 128, 8])
    #expect(layout.byteCount == 392)
  }

  @Test("The driver reads each argument with the size that the text declares")
  func arguments() throws {
    let log = LaunchLog()
    let context = try CUDARuntime.context(of: MockDriver(launchHandler: { record, _ in log.append(record) }))
    let kernel = try KernelFunction(.scale, in: context)
    let stream = try CUDAStream(in: context)
    var launch = try PreparedLaunch(
      kernel, shape: LaunchShape(grid: LaunchExtent(3, 2, 1), block: LaunchExtent(128)),
      arguments: [
        .pointer(DevicePointer(rawValue: 0x1_0203_0405_0607)), .uint64(8), .uint32(.max), .float32(-0.5),
      ])
    try launch.enqueue(on: stream)
    let record = try #require(log.all.first)
    #expect(record.kernel == "scale")
    #expect(record.moduleText == Texts.scale)
    #expect(record.stream == stream.handle)
    #expect(record.shape == launch.shape)
    #expect(record.arguments.map(\.name) == ["source", "target", "count", "factor"])
    #expect(record.arguments[0].bytes == [7, 6, 5, 4, 3, 2, 1, 0])
    #expect(record.arguments[1].value(as: UInt64.self) == 8)
    #expect(record.arguments[2].value(as: UInt32.self) == .max)
    #expect(record.arguments[3].value(as: Float.self) == -0.5)
  }

  @Test("A tensor map arrives whole, and the cluster and the overlap as attributes")
  func attributes() throws {
    let log = LaunchLog()
    let context = try CUDARuntime.context(of: MockDriver(launchHandler: { record, _ in log.append(record) }))
    let kernel = try KernelFunction(
      KernelSource(text: Texts.mapped, entry: "mapped", dynamicSharedBytes: 200_000), in: context)
    let shape = LaunchShape(
      grid: LaunchExtent(132), block: LaunchExtent(384), cluster: LaunchExtent(2), sharedBytes: 200_000,
      overlapsPredecessor: true)
    var launch = try PreparedLaunch(
      kernel, shape: shape,
      arguments: [
        .uint32(1000), .tensorMap(try TensorMap(TensorMapTests.valid, in: context)),
        .pointer(DevicePointer(rawValue: 16)),
      ])
    try launch.enqueue(on: .default(of: context))
    let record = try #require(log.all.first)
    #expect(record.shape == shape)
    #expect(record.stream == .default)
    #expect(record.arguments[1].tensorMap == TensorMapTests.valid)
    #expect(record.arguments[2].value(as: UInt64.self) == 16)
  }

  @Test("A prepared launch runs again with changed arguments; its duplicate keeps its own")
  func relaunch() throws {
    let log = LaunchLog()
    let context = try CUDARuntime.context(of: MockDriver(launchHandler: { record, _ in log.append(record) }))
    let stream = try CUDAStream(in: context)
    var launch = try PreparedLaunch(
      try KernelFunction(.scale, in: context),
      shape: LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32)),
      arguments: [
        .pointer(DevicePointer(rawValue: 16)), .pointer(DevicePointer(rawValue: 32)), .uint32(1), .float32(1),
      ])
    var duplicate = launch.duplicate()
    launch.setPointer(0, to: DevicePointer(rawValue: 64))
    launch.setArgument(3, to: .float32(2))
    try launch.enqueue(on: stream)
    try duplicate.enqueue(on: stream)
    #expect(log.all.map { $0.arguments[0].value(as: UInt64.self) } == [64, 16])
    #expect(log.all.map { $0.arguments[1].value(as: UInt64.self) } == [32, 32])
    #expect(log.all.map { $0.arguments[3].value(as: Float.self) } == [2, 1])
  }

  @Test("A planned launch asks the driver for the launch and the context, and for nothing else")
  func plannedCalls() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    let stream = try CUDAStream(in: context)
    var launch = try PreparedLaunch(
      try KernelFunction(.portable, in: context),
      shape: LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32)), arguments: [])
    let before = mock.calls.count
    try launch.enqueue(on: stream)
    #expect(mock.calls[before...] == [.cuCtxGetCurrent, .cuCtxSetCurrent, .cuLaunchKernelEx, .cuCtxSetCurrent])
  }

  @Test(
    "A shape that cannot be launched is refused by the field",
    arguments: [
      (LaunchShape(grid: LaunchExtent(0), block: LaunchExtent(32)), "grid: was 0×1×1"),
      (LaunchShape(grid: LaunchExtent(1, 65536), block: LaunchExtent(32)), "grid: was 1×65536×1"),
      (LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(1025)), "block: was 1025×1×1"),
      (LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32, 64)), "block: was 32×64×1"),
      (LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32), sharedBytes: 1), "sharedBytes: was 1"),
      (LaunchShape(grid: LaunchExtent(3), block: LaunchExtent(32), cluster: LaunchExtent(2)), "cluster: was 2×1×1"),
      (LaunchShape(grid: LaunchExtent(16), block: LaunchExtent(32), cluster: LaunchExtent(16)), "cluster: was 16×1×1"),
    ])
  func refusals(shape: LaunchShape, text: String) throws {
    let kernel = try KernelFunction(.portable, in: try CUDARuntime.context(of: MockDriver()))
    #expect(
      message { _ = try PreparedLaunch(kernel, shape: shape, arguments: []) }?.hasPrefix("launch " + text) == true)
  }

  @Test("Clusters and overlap need compute capability 9.0")
  func capability() throws {
    let kernel = try KernelFunction(.portable, in: try CUDARuntime.context(of: MockDriver(devices: [.ampere])))
    let extent = LaunchExtent(2)
    let clustered = LaunchShape(grid: extent, block: LaunchExtent(32), cluster: extent)
    let overlapping = LaunchShape(grid: extent, block: LaunchExtent(32), overlapsPredecessor: true)
    #expect(
      message { _ = try PreparedLaunch(kernel, shape: clustered, arguments: []) }
        == "launch cluster: was 2×1×1, expected no cluster below compute capability 9.0")
    #expect(
      message { _ = try PreparedLaunch(kernel, shape: overlapping, arguments: []) }
        == "launch overlapsPredecessor: was true, expected false below compute capability 9.0")
  }

  @Test("Arguments that the kernel's text does not declare are refused by the parameter")
  func argumentRefusals() throws {
    let kernel = try KernelFunction(.scale, in: try CUDARuntime.context(of: MockDriver()))
    let shape = LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32))
    let pointer = KernelArgument.pointer(DevicePointer(rawValue: 16))
    #expect(
      message { _ = try PreparedLaunch(kernel, shape: shape, arguments: [pointer]) }
        == "launch arguments: was 1, expected 4, as the kernel declares")
    #expect(
      message {
        _ = try PreparedLaunch(kernel, shape: shape, arguments: [pointer, pointer, .uint64(5), .float32(1)])
      } == "launch argument count: was 8 bytes aligned to 8, expected 4 bytes aligned to 4")
  }

  @Test("A stream of another device is refused")
  func foreignStream() throws {
    let runtime = try CUDARuntime(driver: MockDriver(devices: [.hopper, .hopper]))
    let kernel = try KernelFunction(.portable, in: try runtime.context(on: runtime.devices[0]))
    let stream = try CUDAStream(in: try runtime.context(on: runtime.devices[1]))
    var launch = try PreparedLaunch(
      kernel, shape: LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32)), arguments: [])
    #expect(throws: AttentionError.self) { try launch.enqueue(on: stream) }
  }

  @Test("A kernel's parameters are read from its text")
  func signatures() throws {
    let scale = try #require(KernelSignature(of: "scale", in: "// .entry scale(.param .u8 no)\n" + Texts.scale))
    #expect(scale.parameters.map(\.name) == ["source", "target", "count", "factor"])
    #expect(scale.parameters.map(\.byteCount) == [8, 8, 4, 4])
    #expect(scale.parameters.map(\.alignment) == [8, 8, 4, 4])
    let mapped = try #require(KernelSignature(of: "mapped", in: Texts.scale + Texts.mapped))
    #expect(mapped.parameters.map(\.byteCount) == [4, 128, 8])
    #expect(mapped.parameters.map(\.alignment) == [4, 64, 8])
    #expect(KernelSignature(of: "portable", in: Texts.portable)?.parameters.isEmpty == true)
    #expect(KernelSignature(of: "map", in: Texts.mapped) == nil)
  }
}
