import Tensors

/// A range of a device's memory that someone else owns: a part of a ``DeviceBuffer``, or another library's.
public struct DeviceSpan: Hashable, Sendable {
  /// Where the range begins.
  public let pointer: DevicePointer

  /// Its length in bytes.
  public let byteCount: Int

  /// The range at an address. Its owner vouches for the length, and for staying alive.
  public init(pointer: DevicePointer, byteCount: Int) {
    precondition(byteCount >= 0, "a range of memory has no negative length")
    self.pointer = pointer
    self.byteCount = byteCount
  }

  /// A part of the range, or an error where it reaches outside.
  public func part(at offset: Int, byteCount: Int) throws(AttentionError) -> DeviceSpan {
    guard offset >= 0, byteCount >= 0, offset <= self.byteCount, byteCount <= self.byteCount - offset else {
      throw .invalidArgument(
        "part", was: "\(byteCount) bytes at \(offset)", expected: "a range within \(self.byteCount) bytes")
    }
    return DeviceSpan(pointer: pointer.advanced(by: offset), byteCount: byteCount)
  }
}

extension CUDAContext {
  /// Checks that another library's pointer is of this device, and returns the range that it begins.
  public func foreignMemory(at pointer: DevicePointer, byteCount: Int) throws(AttentionError) -> DeviceSpan {
    let ordinal = try perform { driver throws(DriverFailure) in try driver.deviceOrdinal(of: pointer) }
    guard Int(ordinal) == device.ordinal else {
      throw .invalidArgument(
        "pointer", was: "memory of CUDA device \(ordinal)", expected: "memory of \(device)")
    }
    guard byteCount >= 0 else {
      throw .invalidArgument("byteCount", was: "\(byteCount)", expected: "at least 0")
    }
    return DeviceSpan(pointer: pointer, byteCount: byteCount)
  }
}
