/// Why no CUDA device can be used at all.
public enum DriverRefusal: Error, Hashable, Sendable {
  /// The driver's library could not be opened; the reason is the dynamic loader's.
  case noDriver(reason: String)

  /// The driver is older than anything here can use.
  case driverTooOld(found: DriverVersion, needed: DriverVersion)

  /// The library lacks an entry point that its version should have.
  case incompleteDriver(missing: String)

  /// The driver would not start or would not describe its devices; the reason is its own.
  case driverFailed(reason: String)

  /// The driver works and sees no device, or none is visible to this process.
  case noDevice

  /// There are devices, and each is unusable for the reason that it names.
  case noUsableDevice([CUDADevice])
}

extension DriverRefusal: CustomStringConvertible {
  /// One line for `flash info` and for the error that a call throws.
  public var description: String {
    switch self {
    case .noDriver(let reason):
      "no NVIDIA driver: \(reason)"
    case .driverTooOld(let found, let needed):
      "the NVIDIA driver implements CUDA \(found), at least \(needed) is needed"
    case .incompleteDriver(let missing):
      "the NVIDIA driver has no entry point \(missing)"
    case .driverFailed(let reason):
      "the NVIDIA driver did not start: \(reason)"
    case .noDevice:
      "the NVIDIA driver sees no device"
    case .noUsableDevice(let devices):
      devices.map { "\($0): \($0.restriction?.description ?? "usable")" }.joined(separator: "; ")
    }
  }
}
