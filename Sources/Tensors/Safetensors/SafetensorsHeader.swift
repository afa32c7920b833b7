/// The checked header of a safetensors file.
struct SafetensorsHeader {
  /// The greatest length of a header that the reference implementation reads.
  static let greatestByteCount = 100_000_000

  /// The header's key for what is not a tensor.
  static let metadataKey = "__metadata__"

  /// The tensors in the order of their elements in the file.
  let entries: [SafetensorsFile.Entry]

  /// The positions in `entries` by name.
  let indices: [String: Int]
  let metadata: [String: String]

  init(_ mapping: FileMapping) throws {
    let headerRange = try Self.headerRange(mapping)
    var reader = JSONReader(file: mapping.path, bytes: mapping.copy(headerRange))
    var entries: [SafetensorsFile.Entry] = []
    var metadata: [String: String] = [:]
    let data = headerRange.upperBound..<mapping.count
    try reader.object { reader, name in
      if name == Self.metadataKey {
        try reader.object { reader, key in metadata[key] = try reader.string() }
      } else {
        let description = try TensorDescription(&reader, name: name)
        entries.append(try description.entry(data: data, mapping))
      }
    }
    try reader.end()
    self.entries = try Self.arranged(entries, data: data, mapping)
    self.metadata = metadata
    indices = Dictionary(uniqueKeysWithValues: zip(self.entries.map(\.name), self.entries.indices))
  }

  /// Where the JSON lies in the file.
  private static func headerRange(_ mapping: FileMapping) throws -> Range<Int> {
    guard mapping.count >= 8 else {
      throw mapping.malformed("the file has \(mapping.count) bytes, but the header's length alone takes 8")
    }
    let length = mapping.unsignedInteger(0..<8)
    guard length <= greatestByteCount else {
      throw mapping.malformed("the header's length is \(length), above the limit of \(greatestByteCount)")
    }
    let range = 8..<8 + Int(length)
    guard range.upperBound <= mapping.count else {
      throw mapping.malformed("the header's length is \(length), but only \(mapping.count - 8) bytes follow")
    }
    // The specification rules out leading whitespace, which the JSON reader would skip.
    guard length > 0, mapping.unsignedInteger(8..<9) == UInt8(ascii: "{") else {
      throw mapping.malformed("the header does not begin with {")
    }
    return range
  }

  /// The entries in the order of their bytes, which have to cover the data exactly.
  private static func arranged(
    _ entries: [SafetensorsFile.Entry], data: Range<Int>, _ mapping: FileMapping
  ) throws -> [SafetensorsFile.Entry] {
    let sorted = entries.sorted { left, right in
      (left.byteRange.lowerBound, left.byteRange.upperBound, left.name)
        < (right.byteRange.lowerBound, right.byteRange.upperBound, right.name)
    }
    var end = data.lowerBound
    for entry in sorted {
      guard entry.byteRange.lowerBound >= end else {
        throw mapping.malformed("the tensor \(entry.name.quoted) overlaps another")
      }
      guard entry.byteRange.lowerBound == end else {
        throw mapping.malformed(
          "\(entry.byteRange.lowerBound - end) bytes before the tensor \(entry.name.quoted) belong to no tensor")
      }
      end = entry.byteRange.upperBound
    }
    guard end == data.upperBound else {
      throw mapping.malformed("the last \(data.upperBound - end) bytes of the file belong to no tensor")
    }
    return sorted
  }
}

/// What the header says of one tensor, before it is held against the file.
private struct TensorDescription {
  let name: String
  let typeName: String
  let shape: [Int]
  let offsets: [Int]

  init(_ reader: inout JSONReader, name: String) throws {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try reader.object { reader, field in
      switch field {
      case "dtype": typeName = try reader.string()
      case "shape": shape = try Self.integers(&reader)
      case "data_offsets": offsets = try Self.integers(&reader)
      default: throw reader.failure("the tensor \(name.quoted) has the unknown field \(field.quoted)")
      }
    }
    func required<Value>(_ value: Value?, _ field: String) throws -> Value {
      guard let value else { throw reader.failure("the tensor \(name.quoted) has no field \(field.quoted)") }
      return value
    }
    self.name = name
    self.typeName = try required(typeName, "dtype")
    self.shape = try required(shape, "shape")
    self.offsets = try required(offsets, "data_offsets")
  }

  private static func integers(_ reader: inout JSONReader) throws -> [Int] {
    var integers: [Int] = []
    try reader.array { reader in integers.append(try reader.integer()) }
    return integers
  }

  func entry(data: Range<Int>, _ mapping: FileMapping) throws -> SafetensorsFile.Entry {
    func malformed(_ reason: String) -> AttentionError {
      mapping.malformed("the tensor \(name.quoted) \(reason)")
    }
    guard let bitCount = SafetensorsTypes.bitCount[typeName] else {
      throw malformed("has the unknown element type \(typeName.quoted)")
    }
    guard offsets.count == 2 else { throw malformed("has \(offsets.count) data offsets, not 2") }
    guard offsets[0] <= offsets[1] else { throw malformed("ends at \(offsets[1]), before it begins at \(offsets[0])") }
    guard offsets[1] <= data.count else {
      throw malformed("ends at \(offsets[1]), but the file has only \(data.count) bytes of elements")
    }
    guard let elementCount = Shape.elementCount(shape, elementSize: bitCount) else {
      throw malformed("has a shape whose size overflows")
    }
    // The count of bits fits because the check above was made in bits.
    let bits = elementCount * bitCount
    guard bits % 8 == 0, bits / 8 == offsets[1] - offsets[0] else {
      throw malformed(
        "has \(offsets[1] - offsets[0]) bytes, but \(elementCount) elements of type \(typeName) take "
          + (bits % 8 == 0 ? "\(bits / 8)" : "\(bits) bits"))
    }
    return SafetensorsFile.Entry(
      name: name, typeName: typeName, shape: shape,
      byteRange: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
  }
}
