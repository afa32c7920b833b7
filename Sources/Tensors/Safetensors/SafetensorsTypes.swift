/// The element types of the safetensors specification.
enum SafetensorsTypes {
  /// The bits that one element takes, by the type's name.
  static let bitCount: [String: Int] = {
    var bits = Dictionary(uniqueKeysWithValues: ElementType.allCases.map { ($0.rawValue, 8 * $0.byteCount) })
    for (name, count) in unreadable { bits[name] = count }
    return bits
  }()

  /// The types that the format has and this package does not, so that a file that also has such tensors is readable.
  private static let unreadable = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E4M3": 8, "F8_E4M3FNUZ": 8, "F8_E5M2": 8, "F8_E5M2FNUZ": 8, "F8_E8M0": 8,
    "C64": 64,
  ]
}
