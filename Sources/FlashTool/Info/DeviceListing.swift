import CUDADriver
import FlashAttention

/// What `flash info` tells of CUDA devices.
struct DeviceListing {
  /// Why none can be used; nil where one can.
  let refusal: String?
  /// The CUDA version that the driver implements, where one was asked.
  let driverVersion: String?
  /// All that the driver sees, usable or not.
  let devices: [CUDADevice]

  init(_ discovery: DeviceDiscovery) {
    switch discovery {
    case .usable(let runtime):
      refusal = nil
      driverVersion = runtime.driverVersion.description
      devices = runtime.devices
    case .refused(let reason):
      refusal = reason.description
      if case .noUsableDevice(let found) = reason { devices = found } else { devices = [] }
      driverVersion = devices.first?.driverVersion.description
    }
  }

  /// A line for each device: position, name, what it has and, where it is not all usable, why.
  var lines: [String] {
    devices.map { device in
      let words = [
        "\(device.ordinal) \(device.name)", "compute capability \(device.capability)",
        "\(device.multiprocessors) multiprocessors", ByteCount.description(device.memoryBytes),
      ].joined(separator: ", ")
      if let restriction = device.restriction { return "\(words): not usable: \(restriction)" }
      return device.limitation.map { "\(words): \($0)" } ?? words
    }
  }

  /// The members that are added to those of every device.
  var jsonMembers: [(String, JSONText)] {
    [("driver_version", .text(driverVersion)), ("devices", .array(devices.map(Self.json)))]
  }

  private static func json(_ device: CUDADevice) -> JSONText {
    .object([
      ("ordinal", .integer(device.ordinal)), ("name", .text(device.name)),
      ("capability", .text(device.capability.description)), ("multiprocessors", .integer(device.multiprocessors)),
      ("memory_bytes", .integer(device.memoryBytes)), ("usable", .truth(device.restriction == nil)),
      ("reason", .text(device.restriction?.description)), ("limitation", .text(device.limitation)),
    ])
  }
}
