/// A device as the driver describes it: a plain value.
public struct CUDADevice: Hashable, Sendable {
  /// The position in the driver's list, which `CUDA_VISIBLE_DEVICES` filters and orders.
  public let ordinal: Int

  /// The driver's number for the device.
  let handle: Int32

  /// The marketing name, such as `NVIDIA H100 80GB HBM3`.
  public let name: String

  /// The 16 bytes that identify the device across reboots.
  public let identifier: [UInt8]

  public let capability: ComputeCapability
  public let multiprocessors: Int
  public let memoryBytes: Int
  public let secondLevelCacheBytes: Int

  /// Shared memory of a block that does not opt in to more, in bytes.
  public let maximumSharedBytes: Int

  /// Shared memory of a block that opts in, static and dynamic together, in bytes.
  public let maximumSharedBytesOptIn: Int

  /// Shared memory of a multiprocessor, in bytes: what bounds the blocks that it runs at once.
  public let sharedBytesPerMultiprocessor: Int

  /// The version of the driver that runs the device.
  public let driverVersion: DriverVersion

  /// Why the device cannot be used, or nil where it can.
  public let restriction: DeviceRestriction?
}

/// Why a device that is there cannot be used.
public enum DeviceRestriction: Hashable, Sendable, CustomStringConvertible {
  /// It is older than the oldest generation that kernels are written for.
  case capability(ComputeCapability)

  /// Its administrator allows no contexts.
  case computeProhibited

  /// It has no stream-ordered allocator.
  case noMemoryPools

  public var description: String {
    switch self {
    case .capability(let found):
      "compute capability \(found), at least \(ComputeCapability.ampere) is needed"
    case .computeProhibited:
      "its compute mode prohibits contexts"
    case .noMemoryPools:
      "it has no stream-ordered memory"
    }
  }
}

extension CUDADevice {
  /// The families of PTX text that the device and its driver run, best last; empty for a restricted device.
  public var families: [KernelFamily] {
    guard restriction == nil else { return [] }
    return capability == .hopper && driverVersion >= .hopper ? [.ampere, .hopper] : [.ampere]
  }

  /// What is lost although the device is usable, in a line for `flash info`; nil where nothing is.
  public var limitation: String? {
    guard restriction == nil, capability == .hopper, driverVersion < .hopper else { return nil }
    return "the driver implements CUDA \(driverVersion); \(KernelFamily.hopper.rawValue) kernels need "
      + "\(DriverVersion.hopper), \(KernelFamily.ampere.rawValue) kernels run instead"
  }
}

extension CUDADevice: CustomStringConvertible {
  /// How errors name the device.
  public var description: String {
    "CUDA device \(ordinal) (\(name))"
  }
}
