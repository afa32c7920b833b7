import Testing

@testable import Tensors

/// A file whose reading has to fail for a reason.
struct HostileFile: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]
  let reason: String

  init(_ name: String, _ bytes: [UInt8], reason: String) {
    testDescription = name
    self.bytes = bytes
    self.reason = reason
  }
}

/// The bytes of a safetensors file with a header as it is and, unless told otherwise, its length.
func safetensors(_ header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  safetensors(Array(header.utf8), data: data, length: length)
}

func safetensors(_ header: [UInt8], data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  littleEndian(length ?? UInt64(header.count), byteCount: 8) + header + data
}

/// The bytes of an npy file whose header is padded to `headerLength` as NumPy does.
func npy(
  _ header: String, data: [UInt8] = [], version: (UInt8, UInt8) = (1, 0), headerLength: Int? = nil
) -> [UInt8] {
  let lengthSize = version.0 == 1 ? 2 : 4
  let length = headerLength ?? (118 - (lengthSize - 2))
  let padding = String(repeating: " ", count: max(length - header.utf8.count - 1, 0))
  let text = Array((header + padding + "\n").utf8)
  return [0x93] + Array("NUMPY".utf8) + [version.0, version.1]
    + littleEndian(UInt64(text.count), byteCount: lengthSize) + text + data
}

func littleEndian(_ value: UInt64, byteCount: Int) -> [UInt8] {
  (0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// The bytes that pairs of hexadecimal digits write.
func bytes(hex text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// The memory of a tensor's elements in row-major order.
func elementBytes(_ tensor: some StridedTensor) -> [UInt8] {
  tensor.view.scalars.withUnsafeBytes(Array.init)
}

/// A tensor whose bytes are zeros and ones, which are elements of every type.
func bitTensor<Element: TensorElement>(_ type: Element.Type, shape: [Int]) throws -> Tensor<Element> {
  var generator = SplitMix64(state: 7)
  var tensor = try Tensor<Element>(unwritten: shape)
  tensor.overwrite { memory in
    let bytes = UnsafeMutableRawBufferPointer(
      start: memory, count: shape.reduce(1, *) * MemoryLayout<Element>.stride)
    for index in bytes.indices { bytes[index] = UInt8(generator.next() & 1) }
  }
  return tensor
}
