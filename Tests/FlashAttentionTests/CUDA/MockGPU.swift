import CUDADriver
import SimulatedAttention
import Synchronization

@testable import FlashAttention

/// A mock driver that keeps the launches that it gets, and what is needed to call on it.
final class MockGPU: Sendable {
  let driver: MockDriver
  let runtime: CUDARuntime
  let stream: CUDAStream
  private let record: LaunchLog

  /// - Parameter execute: What to do with a launch; nothing, where nil.
  init(
    _ devices: MockDevice..., version: DriverVersion = DriverVersion(12, 4), execute: MockDriver.LaunchHandler? = nil
  ) throws {
    let log = LaunchLog()
    record = log
    driver = MockDriver(
      devices: devices, version: version,
      launchHandler: { launch, driver in
        log.append(launch)
        try execute?(launch, driver)
      })
    runtime = try CUDARuntime(driver: driver)
    stream = try CUDAStream(in: runtime.context(on: runtime.device(at: nil)))
  }

  /// All launches so far.
  var launches: [LaunchRecord] { record.launches }

  /// How often an entry point was called so far.
  func count(_ entryPoint: EntryPoint) -> Int { driver.calls.count { $0 == entryPoint } }

  /// Calls `body` as if this were the process's driver.
  func whileFound<Result>(_ body: () throws -> Result) rethrows -> Result {
    try CUDADevices.$replacement.withValue(.usable(runtime), operation: body)
  }
}

extension SimulatedGPU {
  /// A GPU whose kernels are executed.
  static func make(_ device: MockDevice) throws -> MockGPU {
    try MockGPU(device) { launch, driver in try execute(launch, on: driver) }
  }
}

private final class LaunchLog: Sendable {
  private let storage = Mutex<[LaunchRecord]>([])

  var launches: [LaunchRecord] { storage.withLock { $0 } }

  func append(_ launch: LaunchRecord) { storage.withLock { $0.append(launch) } }
}

extension LaunchRecord {
  /// The address that the argument of that name is.
  func address(_ name: String) -> UInt64? {
    arguments.first { $0.name == name }?.value(as: UInt64.self)
  }

  /// The map that the argument of that name is.
  func map(_ name: String) -> TensorMapDescription? {
    arguments.first { $0.name == name }?.tensorMap
  }

  /// The whole number that the argument of that name is.
  func number(_ name: String) -> Int? {
    guard let argument = arguments.first(where: { $0.name == name }) else { return nil }
    return argument.value(as: Int64.self).map(Int.init) ?? argument.value(as: Int32.self).map(Int.init)
  }
}

extension CUDADeviceTraits {
  /// Those of a device that a driver of some version finds, usable or not.
  init(_ device: MockDevice, version: DriverVersion = DriverVersion(12, 4)) throws {
    do {
      self.init(try CUDARuntime(driver: MockDriver(devices: [device], version: version)).devices[0])
    } catch DriverRefusal.noUsableDevice(let devices) {
      self.init(devices[0])
    }
  }

  static let ampere = architecture("sm_80")!
  static let hopper = architecture("sm_90")!
}
