/// An address in the memory of a device (CUdeviceptr). It owns nothing, and the host cannot dereference it.
public struct DevicePointer: RawRepresentable, Hashable, Sendable, Comparable, CustomStringConvertible {
  public let rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The address `bytes` further on.
  public func advanced(by bytes: Int) -> DevicePointer {
    DevicePointer(rawValue: rawValue &+ UInt64(bitPattern: Int64(bytes)))
  }

  public static func < (left: DevicePointer, right: DevicePointer) -> Bool {
    left.rawValue < right.rawValue
  }

  public var description: String {
    "0x" + String(rawValue, radix: 16)
  }
}
