import CUDADriver

/// The CUDA devices that calls on tensors in the machine's memory use.
package enum CUDADevices {
  /// Devices to use instead of this process's, for tests.
  @TaskLocal package static var replacement: DeviceDiscovery?

  /// What the search for devices found. The first question opens the driver; nothing else in the package does.
  package static var found: DeviceDiscovery { replacement ?? .ofProcess }

  /// Why there is no device to use, as a clause; nil where there is one.
  package static var refusal: String? {
    if case .refused(let reason) = found { reason.description } else { nil }
  }

  /// The device at a position of the driver's list, or the first usable one.
  package static func device(at ordinal: Int? = nil) throws(AttentionError) -> CUDADevice {
    try runtime().device(at: ordinal)
  }

  /// The primary context of the device at a position of the driver's list, or of the first usable one.
  package static func context(at ordinal: Int? = nil) throws(AttentionError) -> CUDAContext {
    let runtime = try runtime()
    return try runtime.context(on: runtime.device(at: ordinal))
  }

  private static func runtime() throws(AttentionError) -> CUDARuntime {
    switch found {
    case .refused(let reason): throw CUDAAttentionPlan.unavailable(reason.description)
    case .usable(let runtime): return runtime
    }
  }
}

extension CUDAContext {
  /// Throws where an address is not one of the device's memory: a kernel that used it would break the device for the
  /// whole process.
  package func requireMemory(_ argument: String, at pointer: DevicePointer) throws(AttentionError) {
    do {
      _ = try foreignMemory(at: pointer, byteCount: 0)
    } catch {
      // The driver refuses an address that it does not know, and everything once the device is broken.
      if breakage != nil { throw error }
      throw .invalidArgument(argument, was: "\(pointer)", expected: "an address in the memory of \(device)")
    }
  }
}
