// The 128 bytes that a kernel gets. Their meaning is the simulator's own, as the driver's is not published.
extension TensorMapDescription {
  private static let mark: UInt64 = 0x5041_4d52_4f53_4e54

  /// What is passed as a kernel's parameter.
  public var bytes: [UInt8] {
    var words = [Self.mark, address]
    words.append(
      UInt64(element.rawValue) | UInt64(swizzle.rawValue) << 8 | UInt64(fill.rawValue) << 16 | UInt64(rank) << 24)
    words += (0..<5).map { $0 < rank ? UInt64(sizes[$0]) : 0 }
    words += (0..<4).map { $0 < strides.count ? UInt64(strides[$0]) : 0 }
    // Five boxes of at most 256 fit into ten bits each.
    words.append(box.enumerated().reduce(0) { $0 | UInt64($1.element) << (12 * UInt64($1.offset)) })
    words += Array(repeating: 0, count: 16 - words.count)
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  /// From what a kernel has at an address; nil where there is no tensor map.
  init?(_ bytes: UnsafeRawPointer) {
    let words = (0..<16).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    guard words[0] == Self.mark, let element = Element(rawValue: UInt8(words[2] & 0xff)),
      let swizzle = Swizzle(rawValue: UInt8(words[2] >> 8 & 0xff)),
      let fill = Fill(rawValue: UInt8(words[2] >> 16 & 0xff))
    else { return nil }
    let rank = Int(words[2] >> 24 & 0xff)
    try? self.init(
      address: words[1], element: element, sizes: (0..<rank).map { Int(words[3 + $0]) },
      strides: (0..<max(rank - 1, 0)).map { Int(words[8 + $0]) },
      box: (0..<rank).map { Int(words[12] >> (12 * UInt64($0)) & 0xfff) }, swizzle: swizzle, fill: fill)
  }
}
