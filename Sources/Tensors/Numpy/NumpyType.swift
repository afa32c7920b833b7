/// An element type as an npy header describes it: a byte order, a kind and a size.
struct NumpyType {
  /// The description as the header writes it, such as `<f4`.
  let description: String

  /// The size of one element.
  let byteCount: Int
  let byteOrder: ByteOrder

  /// The element type, or nil for two bytes of no kind, which is how a BFloat16 is described.
  let elementType: ElementType?

  /// How the npy format names an element type; BFloat16, which it does not know, as the Python package ml_dtypes does.
  private static func name(of type: ElementType) -> String {
    switch type {
    case .float64: "f8"
    case .float32: "f4"
    case .float16: "f2"
    case .bfloat16: "V2"
    case .int64: "i8"
    case .int32: "i4"
    case .int16: "i2"
    case .int8: "i1"
    case .uint64: "u8"
    case .uint32: "u4"
    case .uint16: "u2"
    case .uint8: "u1"
    case .bool: "b1"
    }
  }

  private static let types = Dictionary(uniqueKeysWithValues: ElementType.allCases.map { (name(of: $0), $0) })

  /// The description of an element type in the little-endian order.
  static func description(of type: ElementType) -> String {
    (type.byteCount == 1 ? "|" : "<") + name(of: type)
  }

  /// Reads a description.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for the types of NumPy that are no element types
  ///   here, and ``AttentionError/malformedFile(_:reason:)`` for anything else.
  init(_ description: String, file: String) throws {
    let name = String(description.dropFirst())
    guard let order = description.first, "<>=|".contains(order) else {
      throw Self.unknown(description, file: file)
    }
    guard let type = Self.types[name] else {
      throw Self.foreignType(description, file: file) ?? Self.unknown(description, file: file)
    }
    // Bytes of no kind have no order, and a number of several bytes needs one.
    guard type == .bfloat16 ? "<|".contains(order) : type.byteCount == 1 || order != "|" else {
      throw Self.unknown(description, file: file)
    }
    self.description = description
    byteCount = type.byteCount
    byteOrder = order == ">" ? .bigEndian : .littleEndian
    elementType = type == .bfloat16 ? nil : type
  }

  /// Whether the elements can be read as of type `type`.
  func isReadable(as type: ElementType) -> Bool {
    elementType == type || (elementType == nil && type == .bfloat16)
  }

  /// The error for a structured type, which a header describes by a list or a tuple.
  static func refusal(structured file: String) -> AttentionError {
    refusal("a structured type", file: file)
  }

  /// The error for a description of one of NumPy's other types, or nil where it describes none.
  private static func foreignType(_ description: String, file: String) -> AttentionError? {
    let kinds: [Character: String] = [
      "O": "Python objects", "S": "byte strings", "a": "byte strings", "U": "strings", "c": "complex numbers",
      "M": "dates", "m": "durations", "V": "raw bytes", "f": "floating point of another size",
    ]
    guard let letter = description.dropFirst().first, let kind = kinds[letter] else { return nil }
    let rest = description.dropFirst(2)
    // A time also has its unit, as in <M8[ns].
    guard "Mm".contains(letter) || rest.allSatisfy({ "0123456789".contains($0) }) else { return nil }
    return refusal("\(description.quoted) (\(kind))", file: file)
  }

  private static func refusal(_ what: String, file: String) -> AttentionError {
    .invalidArgument(
      "element type of \(file)", was: what, expected: "one of \(types.keys.sorted().joined(separator: ", "))")
  }

  private static func unknown(_ description: String, file: String) -> AttentionError {
    .malformedFile(file, reason: "the element type \(description.quoted) is not one that NumPy writes")
  }
}
