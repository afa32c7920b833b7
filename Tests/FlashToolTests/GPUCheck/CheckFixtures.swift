import CUDADriver
import FlashAttention
import Foundation
import SimulatedAttention
import Synchronization

@testable import FlashTool

/// A mock of a GPU that a check finds.
struct CheckedMock {
  let driver: MockDriver
  private let discovery: DeviceDiscovery

  init(
    _ device: MockDevice, assembly: MockAssembly? = nil, execute: @escaping MockDriver.LaunchHandler = { _, _ in }
  ) {
    let assembler: MockDriver.Assembler = { text, device, version in
      assembly ?? .checkingHead(of: text, on: device, driver: version)
    }
    let driver = MockDriver(devices: [device], assembler: assembler, launchHandler: execute)
    self.driver = driver
    discovery = DeviceDiscovery { () throws(DriverRefusal) in driver }
  }

  /// A GPU whose kernels a simulator executes.
  static func simulated(_ device: MockDevice) -> CheckedMock {
    CheckedMock(device) { launch, driver in try SimulatedGPU.execute(launch, on: driver) }
  }

  /// Calls `body` as if this were the process's driver.
  func whileFound<Result>(_ body: () throws -> Result) rethrows -> Result {
    try CUDADevices.$replacement.withValue(discovery, operation: body)
  }

  /// Runs the command, and returns its exit status and the objects that it wrote to its file.
  func check(_ arguments: String...) throws -> (status: Int32, objects: [[String: Any]]) {
    try Workplace.with { workplace in
      let file = workplace.file("gpu.jsonl")
      let status = whileFound { FlashTool.run(["gpu-check", "--json", file] + arguments) }
      return (status, try JSONLines.objects(try String(contentsOfFile: file, encoding: .utf8)))
    }
  }
}

extension MockDevice {
  /// A device whose cache holds next to nothing, so that one set of inputs is enough.
  var withoutCache: MockDevice {
    var device = self
    device.secondLevelCacheBytes = 1024
    return device
  }
}

enum JSONLines {
  static func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        throw CocoaError(.coderReadCorrupt)
      }
      return object
    }
  }
}

/// Lines that several threads may write.
final class WrittenLines: Sendable {
  private let storage = Mutex<[String]>([])

  var all: [String] { storage.withLock { $0 } }

  func append(_ line: String) { storage.withLock { $0.append(line) } }
}
