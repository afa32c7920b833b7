import CUDAInterface
import Tensors

/// An encoded tensor map: 128 opaque bytes that a kernel receives by value.
///
/// It owns nothing: the memory that it describes must outlive every launch that it is given to.
public struct TensorMap: Sendable {
  let encoded: DriverTensorMap

  /// The bytes of a map.
  public static let byteCount = 128

  /// The alignment that the driver and PTX ask of a map's address.
  public static let alignment = 64

  /// Encodes a map for a device. The description is checked first, so that an error names the field.
  public init(_ description: TensorMapDescription, in context: CUDAContext) throws(AttentionError) {
    guard context.device.families.contains(.hopper) else {
      throw .unavailable(
        "tensor maps",
        reason: "\(context.device) has compute capability \(context.device.capability) and a driver of CUDA "
          + "\(context.device.driverVersion); \(ComputeCapability.hopper) and \(DriverVersion.hopper) are needed")
    }
    try description.validate()
    encoded = try context.perform { driver throws(DriverFailure) in
      try withAlignedMap { map throws(DriverFailure) in try driver.encodeTensorMap(description, into: map) }
    }
  }
}

/// The map that `body` writes into a place that is aligned as the driver asks.
private func withAlignedMap(
  _ body: (UnsafeMutablePointer<DriverTensorMap>) throws(DriverFailure) -> Void
) throws(DriverFailure) -> DriverTensorMap {
  let place = UnsafeMutableRawPointer.allocate(byteCount: TensorMap.byteCount, alignment: TensorMap.alignment)
  defer { place.deallocate() }
  let map = place.initializeMemory(as: DriverTensorMap.self, repeating: DriverTensorMap(), count: 1)
  try body(map)
  return map.pointee
}
