import CUDADriver
import FlashAttention

/// The device that is checked, and the stream that its work is queued on.
struct CheckedDevice {
  let context: CUDAContext
  let stream: CUDAStream

  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where there is none.
  init(at ordinal: Int?) throws {
    context = try CUDADevices.context(at: ordinal)
    stream = try CUDAStream(in: context)
  }

  var device: CUDADevice { context.device }

  /// What plans are made for, as in any other call.
  var traits: CUDADeviceTraits { CUDADeviceTraits(device) }

  /// The same with kernels of one family only.
  ///
  /// - Parameter splitsKeys: Whether keys may be split; nil leaves it to the plan.
  func traits(of family: KernelFamily, splitsKeys: Bool = true) -> CUDADeviceTraits {
    traits.replacing(
      multiprocessors: splitsKeys ? nil : 1,
      warpgroupRefusal: family == .ampere ? "the check wants kernels for single warps" : nil)
  }

  /// The device and its driver as the report's first line.
  var line: CheckLine {
    let families = device.families.map(\.rawValue)
    return CheckLine(
      kind: .device, name: device.name,
      members: [
        ("ordinal", .integer(device.ordinal)), ("driver_version", .text(device.driverVersion.description)),
        ("capability", .text(device.capability.description)), ("multiprocessors", .integer(device.multiprocessors)),
        ("memory_bytes", .integer(device.memoryBytes)), ("level2_bytes", .integer(device.secondLevelCacheBytes)),
        ("shared_bytes_per_block", .integer(device.maximumSharedBytesOptIn)),
        ("isas", .array(families.map { .text($0) })), ("limitation", .text(device.limitation)),
        ("flash_version", .text(FlashTool.version)),
      ],
      text: "\(device), compute capability \(device.capability), \(device.multiprocessors) multiprocessors, "
        + "\(ByteCount.description(device.memoryBytes)), driver of CUDA \(device.driverVersion), "
        + "kernels \(families.joined(separator: ", "))" + (device.limitation.map { "; \($0)" } ?? ""))
  }
}
