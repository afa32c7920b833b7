extension SafetensorsFile {
  /// Writes tensors to a file, replacing one that is there.
  ///
  /// Larger elements come first, and tensors of equally large elements in the order of their names, so that the same
  /// tensors give the same file and all elements are aligned. The elements begin at a multiple of 64 bytes. Strided
  /// views are written in row-major order, a piece at a time. The file appears under its name complete or not at all.
  ///
  /// - Parameters:
  ///   - tensors: The tensors by name.
  ///   - metadata: Texts that the file carries beside its tensors, by name.
  ///   - path: Where to write.
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where a tensor has the name `__metadata__`, which
  ///   the format reserves, or where the header is longer than the format permits, and
  ///   ``AttentionError/inputOutput(_:reason:)`` where the system refuses.
  public static func write(
    _ tensors: [String: any StridedTensor], metadata: [String: String] = [:], to path: String
  ) throws {
    guard tensors[SafetensorsHeader.metadataKey] == nil else {
      throw AttentionError.invalidArgument(
        "name of a tensor", was: SafetensorsHeader.metadataKey.quoted,
        expected: "another name, because the format reserves this one")
    }
    let ordered = tensors.sorted { left, right in
      let (leftSize, rightSize) = (left.value.elementType.byteCount, right.value.elementType.byteCount)
      return leftSize == rightSize ? left.key.utf8.lexicographicallyPrecedes(right.key.utf8) : leftSize > rightSize
    }
    let header = try encodedHeader(ordered, metadata: metadata)
    try AtomicFile.write(to: path) { sink in
      try sink.write(header)
      for (_, tensor) in ordered { try write(tensor, to: sink) }
    }
  }

  private static func write(_ tensor: some StridedTensor, to sink: FileSink) throws {
    try sink.write(tensor.view)
  }

  /// The header with its length before it and the blanks after it that align the elements.
  private static func encodedHeader(
    _ tensors: [(key: String, value: any StridedTensor)], metadata: [String: String]
  ) throws -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let encoded = texts.map { "\($0.key.jsonLiteral):\($0.value.jsonLiteral)" }.joined(separator: ",")
      members.append("\"\(SafetensorsHeader.metadataKey)\":{\(encoded)}")
    }
    var end = 0
    for (name, tensor) in tensors {
      let start = end
      guard let size = Shape.byteCount(tensor.shape, of: tensor.elementType),
        case (let sum, false) = start.addingReportingOverflow(size)
      else {
        throw AttentionError.invalidArgument(
          "shape of \(name.quoted)", was: Shape.description(tensor.shape), expected: "one whose bytes can be counted")
      }
      end = sum
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(name.jsonLiteral):{\"dtype\":\"\(tensor.elementType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(start),\(end)]}")
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (64 - (8 + text.count) % 64) % 64))
    guard text.count <= SafetensorsHeader.greatestByteCount else {
      throw AttentionError.invalidArgument(
        "header", was: "\(text.count) bytes", expected: "at most \(SafetensorsHeader.greatestByteCount)")
    }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
  }
}

extension String {
  /// The text as a JSON string.
  package var jsonLiteral: String {
    var literal = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": literal += "\\\(scalar)"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}
