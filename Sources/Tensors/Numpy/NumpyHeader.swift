/// The checked header of an npy file.
struct NumpyHeader {
  /// What every npy file begins with.
  static let magic: [UInt8] = [0x93] + "NUMPY".utf8

  /// The greatest number of axes that NumPy has.
  static let greatestRank = 64

  /// Far above what the header of an array of numbers takes.
  private static let greatestByteCount = 1 << 20

  let type: NumpyType
  let shape: [Int]

  /// The distance of neighbours along each axis, in elements.
  let strides: [Int]

  /// Where the elements lie in the file.
  let data: Range<Int>

  init(_ mapping: FileMapping) throws {
    let headerRange = try Self.headerRange(mapping)
    var reader = PythonLiteralReader(file: mapping.path, bytes: mapping.copy(headerRange))
    var type: NumpyType?
    var isColumnMajor: Bool?
    var shape: [Int]?
    try reader.dictionary { reader, key in
      switch key {
      case "descr":
        // A structured type is a list of fields, or a pair of a type and a shape.
        if let first = reader.firstByte(), "[(".utf8.contains(first) {
          throw NumpyType.refusal(structured: mapping.path)
        }
        type = try NumpyType(try reader.string(), file: mapping.path)
      case "fortran_order": isColumnMajor = try reader.boolean()
      case "shape": shape = try reader.integers(limit: Self.greatestRank)
      default: throw reader.failure("unknown key \(key.quoted)")
      }
    }
    try reader.end()
    func required<Value>(_ value: Value?, _ key: String) throws -> Value {
      guard let value else { throw mapping.malformed("the header has no key \(key.quoted)") }
      return value
    }
    self.type = try required(type, "descr")
    self.shape = try required(shape, "shape")
    guard let count = Shape.elementCount(self.shape, elementSize: self.type.byteCount) else {
      throw mapping.malformed("the size of the shape \(Shape.description(self.shape)) overflows")
    }
    strides =
      try required(isColumnMajor, "fortran_order")
      ? Shape.rowMajorStrides(self.shape.reversed()).reversed() : Shape.rowMajorStrides(self.shape)
    data = headerRange.upperBound..<mapping.count
    guard data.count == count * self.type.byteCount else {
      throw mapping.malformed(
        "\(data.count) bytes follow the header, but \(count) elements of type \(self.type.description) take "
          + "\(count * self.type.byteCount)")
    }
  }

  /// Where the Python literal lies in the file.
  private static func headerRange(_ mapping: FileMapping) throws -> Range<Int> {
    guard mapping.count >= magic.count, mapping.copy(0..<magic.count) == magic else {
      throw mapping.malformed("the file does not begin with \\x93NUMPY")
    }
    let versionEnd = magic.count + 2
    guard mapping.count >= versionEnd else { throw mapping.malformed("the file ends before the format's version") }
    let version = mapping.copy(magic.count..<versionEnd)
    let lengthSize: Int
    switch (version[0], version[1]) {
    case (1, 0): lengthSize = 2
    case (2, 0), (3, 0): lengthSize = 4
    default: throw mapping.malformed("the format's version is \(version[0]).\(version[1]), not 1.0, 2.0 or 3.0")
    }
    let start = versionEnd + lengthSize
    guard mapping.count >= start else { throw mapping.malformed("the file ends before the header's length") }
    let length = mapping.unsignedInteger(versionEnd..<start)
    guard length <= greatestByteCount else {
      throw mapping.malformed("the header's length is \(length), above the limit of \(greatestByteCount)")
    }
    guard Int(length) <= mapping.count - start else {
      throw mapping.malformed("the header's length is \(length), but only \(mapping.count - start) bytes follow")
    }
    return start..<start + Int(length)
  }
}
