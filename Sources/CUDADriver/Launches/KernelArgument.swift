/// The value of one parameter of a kernel.
public enum KernelArgument: Sendable {
  case pointer(DevicePointer)
  case int32(Int32)
  case uint32(UInt32)
  case int64(Int64)
  case uint64(UInt64)
  case float32(Float)
  case tensorMap(TensorMap)

  /// The size of the value in bytes.
  public var byteCount: Int {
    switch self {
    case .int32, .uint32, .float32: 4
    case .pointer, .int64, .uint64: 8
    case .tensorMap: TensorMap.byteCount
    }
  }

  /// The alignment of the value in bytes, as PTX declares such a parameter.
  public var alignment: Int {
    switch self {
    case .int32, .uint32, .float32: 4
    case .pointer, .int64, .uint64: 8
    case .tensorMap: TensorMap.alignment
    }
  }

  /// Writes the value to a place of its size and alignment.
  func write(to place: UnsafeMutableRawPointer) {
    switch self {
    case .pointer(let value): place.storeBytes(of: value.rawValue, as: UInt64.self)
    case .int32(let value): place.storeBytes(of: value, as: Int32.self)
    case .uint32(let value): place.storeBytes(of: value, as: UInt32.self)
    case .int64(let value): place.storeBytes(of: value, as: Int64.self)
    case .uint64(let value): place.storeBytes(of: value, as: UInt64.self)
    case .float32(let value): place.storeBytes(of: value, as: Float.self)
    case .tensorMap(let map):
      withUnsafeBytes(of: map.encoded) { bytes in
        UnsafeMutableRawBufferPointer(start: place, count: TensorMap.byteCount).copyMemory(from: bytes)
      }
    }
  }
}
