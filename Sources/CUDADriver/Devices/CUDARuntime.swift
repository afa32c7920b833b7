import Synchronization
import Tensors

/// A driver that has at least one usable device, and the contexts that were opened on its devices.
public final class CUDARuntime: Sendable {
  let driver: any DriverInterface

  /// The version of the driver.
  public let driverVersion: DriverVersion

  /// Every device, also those that are restricted, in the driver's order.
  public let devices: [CUDADevice]

  /// The contexts that are open, by the ordinal of their device.
  private let contexts = Mutex<[Int: CUDAContext]>([:])

  /// Starts a driver and asks it for its devices.
  public init(driver: any DriverInterface) throws(DriverRefusal) {
    self.driver = driver
    do {
      driverVersion = try driver.version()
    } catch {
      throw .driverFailed(reason: driver.words(for: error))
    }
    guard driverVersion >= .minimum else {
      throw .driverTooOld(found: driverVersion, needed: .minimum)
    }
    do {
      try driver.initialize()
      let count = try driver.deviceCount()
      var devices: [CUDADevice] = []
      for ordinal in 0..<max(0, count) {
        devices.append(try CUDADevice(at: ordinal, of: driver))
      }
      self.devices = devices
    } catch {
      throw error.status == .noDevice ? .noDevice : .driverFailed(reason: driver.words(for: error))
    }
    guard !devices.isEmpty else { throw .noDevice }
    guard devices.contains(where: { $0.restriction == nil }) else { throw .noUsableDevice(devices) }
  }

  /// The devices that kernels can run on, in the driver's order.
  public var usableDevices: [CUDADevice] {
    devices.filter { $0.restriction == nil }
  }

  /// The device to use: the one at a position of the driver's list, or the first usable one where none is asked for.
  public func device(at ordinal: Int?) throws(AttentionError) -> CUDADevice {
    guard let ordinal = ordinal ?? usableDevices.first?.ordinal, devices.indices.contains(ordinal) else {
      throw .invalidArgument("device", was: "\(ordinal ?? 0)", expected: "0 to \(devices.count - 1)")
    }
    let device = devices[ordinal]
    if let restriction = device.restriction {
      throw .unavailable(device.description, reason: restriction.description)
    }
    return device
  }

  /// The primary context of a device: opened when it is first asked for, then the same one until the runtime goes.
  public func context(on device: CUDADevice) throws(AttentionError) -> CUDAContext {
    if let restriction = device.restriction {
      throw .unavailable(device.description, reason: restriction.description)
    }
    return try contexts.withLock { contexts throws(AttentionError) in
      if let context = contexts[device.ordinal] {
        return context
      }
      let context = try CUDAContext(on: device, driver: driver)
      contexts[device.ordinal] = context
      return context
    }
  }
}
