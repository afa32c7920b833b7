import Tensors

/// What the search for devices found: a runtime with devices to use, or the reason why there is none.
///
/// A value for `flash info`, and for the choice between the CPU and a device: a refusal means that the CPU serves.
public enum DeviceDiscovery: Sendable {
  case usable(CUDARuntime)
  case refused(DriverRefusal)

  /// What this process has. Searched for when it is first asked for, once, from whichever thread comes first.
  public static let ofProcess = DeviceDiscovery { () throws(DriverRefusal) in try LoadedDriver() }

  /// Searches with the driver that `open` opens.
  public init(opening open: () throws(DriverRefusal) -> some DriverInterface) {
    do {
      self = .usable(try CUDARuntime(driver: try open()))
    } catch {
      self = .refused(error)
    }
  }

  /// The runtime, or the refusal as the package's error.
  public func runtime() throws(AttentionError) -> CUDARuntime {
    switch self {
    case .usable(let runtime): return runtime
    case .refused(let refusal): throw .unavailable("CUDA", reason: refusal.description)
    }
  }
}
