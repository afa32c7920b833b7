/// An element type as an npy header describes it: a byte order, a kind and a size.
struct NumpyType {
  /// The description as the header writes it, such as `<f4`.
  let description: String

  /// The size of one element.
  let byteCount: Int
  let byteOrder: ByteOrder

  /// The element type, or nil for two bytes of no kind, which is how a BFloat16 is described.
  let elementType: ElementType?

  /// How the npy format names the element types; BFloat16, which it does not know, as the Python package ml_dtypes
  /// does.
  private static let names: [ElementType: String] = [
    .float64: "f8", .float32: "f4", .float16: "f2", .bfloat16: "V2", .int64: "i8", .int32: "i4", .int16: "i2",
    .int8: "i1", .uint64: "u8", .uint32: "u4", .uint16: "u2", .uint8: "u1", .bool: "b1",
  ]

  private static let types = Dictionary(uniqueKeysWithValues: names.map { ($0.value, $0.key) })

  /// The description of an element type in the little-endian order.
  static func description(of type: ElementType) -> String {
    (type.byteCount == 1 ? "|" : "<") + (names[type] ?? "")
  }

  /// Reads a description.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for the types of NumPy that are no element types here,
  ///   and ``AttentionError/malformedFile(_:reason:)`` for anything else.
  init(_ description: String, file: String) throws {
    let name = String(description.dropFirst())
    guard let order = description.first, "<>=|".contains(order) else {
      throw Self.unknown(description, file: file)
    }
    guard let type = Self.types[name] else {
      throw Self.refusal(description, file: file) ?? Self.unknown(description, file: file)
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

  /// The error for a type that NumPy has and that is no element type here.
  static func refusal(structured file: String) -> AttentionError {
    refusal("a structured type", file: file)
  }

  private static func refusal(_ description: String, file: String) -> AttentionError? {
    let kinds: [Character: String] = [
      "O": "Python objects", "S": "byte strings", "a": "byte strings", "U": "strings", "c": "complex numbers",
      "M": "dates", "m": "durations", "V": "raw bytes", "f": "floating point of another size",
    ]
    return description.dropFirst().first.flatMap { kinds[$0] }.map { kind in
      refusal("\(description.quoted) (\(kind))", file: file)
    }
  }

  private static func refusal(_ what: String, file: String) -> AttentionError {
    .invalidArgument(
      "element type of \(file)", was: what, expected: "one of \(names.values.sorted().joined(separator: ", "))")
  }

  private static func unknown(_ description: String, file: String) -> AttentionError {
    .malformedFile(file, reason: "the element type \(description.quoted) is not one that NumPy writes")
  }
}
