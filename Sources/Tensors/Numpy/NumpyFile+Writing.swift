extension NumpyFile {
  /// Writes a tensor to a file, replacing one that is there.
  ///
  /// The file has format version 1.0 and row-major order, and its elements begin at a multiple of 64 bytes. A strided
  /// view is written a piece at a time. BFloat16 is described as two bytes of no kind, `<V2`. The file appears under
  /// its name complete or not at all.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where the tensor has more axes than NumPy permits,
  ///   and ``AttentionError/inputOutput(_:reason:)`` where the system refuses.
  public static func write(_ tensor: some StridedTensor, to path: String) throws {
    let header = try encodedHeader(tensor)
    try AtomicFile.write(to: path) { sink in
      try sink.write(header)
      try sink.write(tensor.view)
    }
  }

  /// The magic, version, length and literal, with the blanks that align the elements.
  private static func encodedHeader(_ tensor: some StridedTensor) throws -> [UInt8] {
    // The limit also keeps the literal's length within the two bytes that version 1.0 has for it.
    guard tensor.rank <= NumpyHeader.greatestRank else {
      throw AttentionError.invalidArgument(
        "rank", was: "\(tensor.rank)", expected: "at most \(NumpyHeader.greatestRank), the limit of NumPy")
    }
    guard Shape.byteCount(tensor.shape, of: tensor.elementType) != nil else {
      throw AttentionError.invalidArgument(
        "shape", was: Shape.description(tensor.shape), expected: "one whose bytes can be counted")
    }
    let axes = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.rank == 1 ? "," : "")
    let type = NumpyType.description(of: tensor.elementType)
    var literal = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }".utf8)
    let prefix = NumpyHeader.magic.count + 4
    literal.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 63 - (prefix + literal.count) % 64))
    literal.append(UInt8(ascii: "\n"))
    return NumpyHeader.magic + [1, 0, UInt8(literal.count % 256), UInt8(literal.count / 256)] + literal
  }
}
