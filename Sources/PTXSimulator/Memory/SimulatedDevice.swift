/// A GPU's memory, on which kernels run.
///
/// Memory that nothing has written has no value: what a kernel makes of it must not reach memory, a branch, an address
/// or a matrix product. Between allocations lie gaps, so that no access reaches another one by accident.
public final class SimulatedDevice {
  private(set) var regions: [MemoryRegion] = []
  private var nextAddress: UInt64 = 0x1000_0000
  private static let gap: UInt64 = 65_536
  private static let alignment: UInt64 = 512

  public init() {}

  /// Reserves memory that nothing has written.
  ///
  /// - Parameter isReadOnly: Whether kernels that write it are wrong.
  public func allocate(_ name: String, byteCount: Int, isReadOnly: Bool = false) -> DeviceBuffer {
    let region = MemoryRegion(name: name, base: nextAddress, byteCount: byteCount, isReadOnly: isReadOnly)
    regions.append(region)
    let end = nextAddress + UInt64(byteCount) + Self.gap
    nextAddress = (end + Self.alignment - 1) / Self.alignment * Self.alignment
    return DeviceBuffer(name: name, address: region.base, byteCount: byteCount)
  }

  /// Reserves memory for some numbers and writes them.
  public func allocate<Element: BitwiseCopyable>(
    _ name: String, copying elements: [Element], isReadOnly: Bool = false
  ) -> DeviceBuffer {
    let buffer = allocate(
      name, byteCount: elements.count * MemoryLayout<Element>.stride, isReadOnly: isReadOnly)
    write(elements, to: buffer)
    return buffer
  }

  /// Gives memory back. Accesses to it are then out of bounds.
  public func free(_ buffer: DeviceBuffer) { regions.removeAll { $0.base == buffer.address } }

  /// Writes numbers from the host.
  public func write<Element: BitwiseCopyable>(_ elements: [Element], to buffer: DeviceBuffer, atByte offset: Int = 0) {
    elements.withUnsafeBytes { source in
      guard let region = region(of: buffer) else { preconditionFailure("\(buffer.name) is not in this device") }
      precondition(offset >= 0 && offset + source.count <= region.byteCount, "writes past the end of \(buffer.name)")
      guard let start = source.baseAddress else { return }
      (region.bytes + offset).copyMemory(from: start, byteCount: source.count)
      (region.defined + offset).update(repeating: 1, count: source.count)
    }
  }

  /// Reads numbers to the host. Memory that nothing has written reads as bytes of 0xCD.
  public func read<Element: BitwiseCopyable>(_ type: Element.Type, from buffer: DeviceBuffer) -> [Element] {
    guard let region = region(of: buffer) else { preconditionFailure("\(buffer.name) is not in this device") }
    let count = region.byteCount / MemoryLayout<Element>.stride
    return [Element](unsafeUninitializedCapacity: count) { target, initialized in
      UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(start: region.bytes, count: count * MemoryLayout<Element>.stride))
      initialized = count
    }
  }

  /// How many bytes of some memory nothing has written.
  public func undefinedByteCount(of buffer: DeviceBuffer) -> Int {
    guard let region = region(of: buffer) else { preconditionFailure("\(buffer.name) is not in this device") }
    return (0..<region.byteCount).count { region.defined[$0] == 0 }
  }

  private func region(of buffer: DeviceBuffer) -> MemoryRegion? { regions.first { $0.base == buffer.address } }
}

/// Memory of a device.
public struct DeviceBuffer: Sendable, Hashable {
  public let name: String
  /// What a kernel gets as a pointer.
  public let address: UInt64
  public let byteCount: Int
}
