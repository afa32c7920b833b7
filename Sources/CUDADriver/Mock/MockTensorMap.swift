import CUDAInterface

/// The mock's encoding of a tensor map: 128 bytes from which the whole description comes back.
///
/// Words: a mark; the address; two words of small fields; five sizes; four strides.
enum MockTensorMap {
  /// What tells a map from other bytes.
  private static let mark: UInt64 = 0x4d4f_434b_5f4d_4150

  static func encode(_ description: TensorMapDescription) -> DriverTensorMap {
    var words = [UInt64](repeating: 0, count: 16)
    words[0] = mark
    words[1] = description.address.rawValue
    words[2] =
      UInt64(description.element.rawValue) | UInt64(description.rank) << 8
      | UInt64(description.swizzle.rawValue) << 16 | UInt64(description.promotion.rawValue) << 24
      | UInt64(description.fill.rawValue) << 32
    for (dimension, size) in description.sizes.enumerated() {
      words[3 + dimension] = UInt64(size)
      // 256 does not fit a byte, so boxes are kept one less.
      words[12] |= UInt64(description.box[dimension] - 1) << (8 * dimension)
      words[13] |= UInt64(description.elementStrides[dimension]) << (8 * dimension)
    }
    for (dimension, stride) in description.strides.enumerated() {
      words[8 + dimension] = UInt64(stride)
    }
    var map = DriverTensorMap()
    withUnsafeMutableBytes(of: &map) { bytes in
      words.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    return map
  }

  /// The description that 128 bytes were encoded from, or nil where they are not a map of the mock.
  static func decode(_ bytes: [UInt8]) -> TensorMapDescription? {
    guard bytes.count == TensorMap.byteCount else { return nil }
    let words = bytes.withUnsafeBytes { bytes in
      (0..<16).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
    func field(_ word: Int, _ position: Int) -> UInt32 {
      UInt32(words[word] >> (8 * position) & 255)
    }
    let rank = Int(field(2, 1))
    guard words[0] == mark, (1...5).contains(rank),
      let element = TensorMapDescription.Element(rawValue: field(2, 0)),
      let swizzle = TensorMapDescription.Swizzle(rawValue: field(2, 2)),
      let promotion = TensorMapDescription.CachePromotion(rawValue: field(2, 3)),
      let fill = TensorMapDescription.OutOfBoundsFill(rawValue: field(2, 4))
    else { return nil }
    return TensorMapDescription(
      element: element, address: DevicePointer(rawValue: words[1]), sizes: (0..<rank).map { Int(words[3 + $0]) },
      strides: (0..<rank - 1).map { Int(words[8 + $0]) }, box: (0..<rank).map { Int(field(12, $0)) + 1 },
      elementStrides: (0..<rank).map { Int(field(13, $0)) }, swizzle: swizzle, promotion: promotion, fill: fill)
  }
}
