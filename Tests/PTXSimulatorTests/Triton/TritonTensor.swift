/// A tensor in global memory.
struct TritonTensor: Decodable, Sendable {
  let name: String
  let element: TritonElement
  let role: Role
  /// Inputs are in -limit...limit; those of integers in 0..<limit.
  let limit: Double
  let shape: [Int]
  /// In elements.
  let strides: [Int]

  /// What a kernel does with a tensor.
  enum Role: String, Decodable, Sendable {
    /// Reads it.
    case input
    /// Writes all of it.
    case output
    /// Adds to it; it is zero before the launch.
    case accumulator
    /// Uses it for itself; it is zero before the launch.
    case scratch
  }

  /// Elements of the tensor.
  var count: Int { shape.reduce(1, *) }

  /// Bytes from the first element to the end of the last.
  var byteCount: Int { (zip(shape, strides).map { ($0 - 1) * $1 }.reduce(1, +)) * element.size }

  /// The offsets in bytes of the elements in row-major order.
  private var byteOffsets: [Int] {
    var offsets = [0]
    for (size, stride) in zip(shape, strides) {
      let distance = stride * element.size
      offsets = offsets.flatMap { offset in (0..<size).map { offset + $0 * distance } }
    }
    return offsets
  }

  /// The bytes of values in row-major order.
  func bytes(_ values: [Double]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    for (offset, value) in zip(byteOffsets, values) {
      let bits = element.bits(value)
      for byte in 0..<element.size { bytes[offset + byte] = UInt8(truncatingIfNeeded: bits >> (8 * byte)) }
    }
    return bytes
  }

  /// The values in row-major order.
  func values(_ bytes: [UInt8]) -> [Double] {
    byteOffsets.map { offset in
      var bits: UInt32 = 0
      for byte in 0..<element.size { bits |= UInt32(bytes[offset + byte]) << (8 * byte) }
      return element.value(bits)
    }
  }

  /// Random values that the element type can hold. Tensors of different names differ, and all are the same in every
  /// run.
  var randomValues: [Double] {
    let seed = name.utf8.reduce(0 as UInt64) { $0 << 8 | UInt64($1) } << 32
    return (0..<count).map { index in
      let unit = Double(Self.mixed(seed ^ UInt64(index)) >> 11) * 0x1p-53
      return element.isInteger ? (unit * limit).rounded(.down) : element.rounded((2 * unit - 1) * limit)
    }
  }

  /// The output function of SplitMix64, a bijection that scatters its argument.
  private static func mixed(_ argument: UInt64) -> UInt64 {
    var z = (argument &+ 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
