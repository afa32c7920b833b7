/// One allocation of a ``MockDriver``: host memory under a device's address.
///
/// Unchecked: its users order their accesses, as they would on a device.
public final class MockMemory: @unchecked Sendable {
  /// The address that the device knows the memory by. The host cannot dereference it.
  public let pointer: DevicePointer

  /// The bytes.
  public let bytes: UnsafeMutableRawBufferPointer

  /// Memory in which every byte is 255, so that every float that is read before it is written is a NaN.
  init(pointer: DevicePointer, byteCount: Int) {
    self.pointer = pointer
    bytes = .allocate(byteCount: byteCount, alignment: 256)
    bytes.initializeMemory(as: UInt8.self, repeating: 255)
  }

  deinit {
    bytes.deallocate()
  }

  /// The part of the memory at an address, or nil where it is not wholly inside.
  func part(at address: DevicePointer, byteCount: Int) -> UnsafeMutableRawBufferPointer? {
    guard address >= pointer, byteCount >= 0 else { return nil }
    let offset = address.rawValue - pointer.rawValue
    guard offset <= UInt64(bytes.count), byteCount <= bytes.count - Int(offset) else { return nil }
    return UnsafeMutableRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + byteCount])
  }
}
