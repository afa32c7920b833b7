import Testing

@testable import Tensors

/// An npy file as NumPy 2.4.6 writes it: the header without its padding, and the elements.
struct NumpyFixture: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let bytes: [UInt8]

  init(_ name: String, _ header: String, _ hex: String, version: (UInt8, UInt8) = (1, 0)) {
    testDescription = name
    bytes = npy(header, data: TensorsTests.bytes(hex: hex), version: version)
  }
}

@Suite("npy files")
struct NumpyFileTests {
  /// [[0, 1, 2], [3, 4, 5]] in each element type.
  static let sixElements: [ElementType: NumpyFixture] = {
    func fixture(_ type: String, _ hex: String) -> NumpyFixture {
      NumpyFixture(type, "{'descr': '\(type)', 'fortran_order': False, 'shape': (2, 3), }", hex)
    }
    let eight = (0..<6).map { "0\($0)00000000000000" }.joined()
    let four = (0..<6).map { "0\($0)000000" }.joined()
    let two = (0..<6).map { "0\($0)00" }.joined()
    return [
      .float64: fixture(
        "<f8", "0000000000000000 000000000000f03f 0000000000000040 0000000000000840 0000000000001040 0000000000001440"),
      .float32: fixture("<f4", "00000000 0000803f 00000040 00004040 00008040 0000a040"),
      .float16: fixture("<f2", "0000 003c 0040 0042 0044 0045"),
      .bfloat16: fixture("<V2", "0000 803f 0040 4040 8040 a040"),
      .int64: fixture("<i8", eight), .uint64: fixture("<u8", eight),
      .int32: fixture("<i4", four), .uint32: fixture("<u4", four),
      .int16: fixture("<i2", two), .uint16: fixture("<u2", two),
      .int8: fixture("|i1", "000102030405"), .uint8: fixture("|u1", "000102030405"),
      .bool: fixture("|b1", "000101010101"),
    ]
  }()

  /// The tensor that ``sixElements`` hold.
  static func sixElements(_ type: ElementType) throws -> any StridedTensor {
    func integers<Element: TensorElement & BinaryInteger>(_: Element.Type) throws -> any StridedTensor {
      try Tensor((0..<6).map { Element($0) }, shape: [2, 3])
    }
    func floats<Element: TensorElement & BinaryFloatingPoint>(_: Element.Type) throws -> any StridedTensor {
      try Tensor((0..<6).map { Element($0) }, shape: [2, 3])
    }
    switch type {
    case .float64: return try floats(Double.self)
    case .float32: return try floats(Float.self)
    case .float16: return try floats(Float16.self)
    case .bfloat16: return try floats(BFloat16.self)
    case .int64: return try integers(Int64.self)
    case .int32: return try integers(Int32.self)
    case .int16: return try integers(Int16.self)
    case .int8: return try integers(Int8.self)
    case .uint64: return try integers(UInt64.self)
    case .uint32: return try integers(UInt32.self)
    case .uint16: return try integers(UInt16.self)
    case .uint8: return try integers(UInt8.self)
    case .bool: return try Tensor([false, true, true, true, true, true], shape: [2, 3])
    }
  }

  @Test("each element type is written byte for byte as NumPy writes it", arguments: ElementType.allCases)
  func writesLikeNumpy(type: ElementType) throws {
    try TemporaryDirectory.with { directory in
      func write(_ tensor: some StridedTensor) throws { try NumpyFile.write(tensor, to: directory.file("out")) }
      try write(Self.sixElements(type))
      let written = try directory.read(directory.file("out"))
      #expect(written == Self.sixElements[type]?.bytes)
    }
  }

  @Test("each element type is read from what NumPy writes", arguments: ElementType.allCases)
  func readsNumpy(type: ElementType) throws {
    let expected = try Self.sixElements(type)
    func check<Element: TensorElement>(_ file: NumpyFile, _: Element.Type) throws {
      let tensor = try file.tensor(as: Element.self)
      #expect(tensor.shape == [2, 3])
      #expect(elementBytes(tensor) == elementBytes(expected))
    }
    try TemporaryDirectory.with { directory in
      let bytes = try #require(Self.sixElements[type]?.bytes)
      let file = try NumpyFile(path: directory.write(bytes))
      #expect(file.elementType == (type == .bfloat16 ? nil : type))
      try check(file, type.swiftType)
    }
  }

  @Test("big-endian elements are read as the same numbers")
  func bigEndian() throws {
    try TemporaryDirectory.with { directory in
      let floats = NumpyFixture(">f4", "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "3f800000 c0200000")
      let readFloats = try NumpyFile(path: directory.write(floats.bytes)).tensor(as: Float.self)
      #expect(readFloats.scalars == [1, -2.5])
      let integers = NumpyFixture(
        ">i8", "{'descr': '>i8', 'fortran_order': False, 'shape': (2,), }", "0000000000000001 fffffffffffffffe")
      let readIntegers = try NumpyFile(path: directory.write(integers.bytes)).tensor(as: Int64.self)
      #expect(readIntegers.scalars == [1, -2])
    }
  }

  @Test("an array in column-major order is a view with strides to match")
  func columnMajor() throws {
    try TemporaryDirectory.with { directory in
      let floats = NumpyFixture(
        "F", "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
        "0000803f 00008040 00000040 0000a040 00004040 0000c040")
      let view = try NumpyFile(path: directory.write(floats.bytes)).tensor(as: Float.self)
      #expect(view.strides == [1, 2])
      #expect(view.scalars == [1, 2, 3, 4, 5, 6])
      let swapped = NumpyFixture(
        ">F", "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }", "0000 0003 0001 0004 0002 0005")
      #expect(
        try NumpyFile(path: directory.write(swapped.bytes)).tensor(as: UInt16.self).scalars == [0, 1, 2, 3, 4, 5])
    }
  }

  @Test("BFloat16 as ml_dtypes writes it is read where BFloat16 is asked for, and by no other type")
  func bfloat16() throws {
    try TemporaryDirectory.with { directory in
      for type in ["<V2", "|V2"] {
        let fixture = NumpyFixture(
          type, "{'descr': '\(type)', 'fortran_order': False, 'shape': (4,), }", "803f 20c0 4940 807f")
        let path = try directory.write(fixture.bytes)
        let file = try NumpyFile(path: path)
        #expect(try file.tensor(as: BFloat16.self).scalars == [1, -2.5, 3.140625, .infinity])
        #expect(throws: AttentionError.invalidArgument("element type of \(path)", was: type, expected: "<f2")) {
          try file.tensor(as: Float16.self)
        }
        #expect(
          throws: AttentionError.invalidArgument(
            "element type of \(path)", was: type, expected: "a type that says its kind")
        ) { try file.tensor() }
      }
    }
  }

  @Test(
    "format versions 2.0 and 3.0, scalars and empty arrays are read as NumPy writes them",
    arguments: [
      (
        NumpyFixture("2.0", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", "0100 0200", version: (2, 0)),
        [2]
      ),
      (
        NumpyFixture("3.0", "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }", "0100 0200", version: (3, 0)),
        [2]
      ),
      (NumpyFixture("a scalar", "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "0000000000000440"), []),
      (
        NumpyFixture("an empty array", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0, 3), }", ""), [2, 0, 3]
      ),
    ] as [(NumpyFixture, [Int])])
  func versionsAndShapes(fixture: NumpyFixture, shape: [Int]) throws {
    try TemporaryDirectory.with { directory in
      let tensor = try NumpyFile(path: directory.write(fixture.bytes)).tensor()
      #expect(tensor.shape == shape)
      #expect(elementBytes(tensor) == Array(fixture.bytes[128...]))
    }
  }

  @Test(
    "other ways to write the same literal are read",
    arguments: [
      "{\"descr\": \"<i2\", \"fortran_order\": False, \"shape\": (2,)}",
      "{'shape':(2,),'fortran_order':False,'descr':'<i2'}",
      "{'descr': '=i2', 'fortran_order': True, 'shape': (2L,), }",
      " { 'descr' : '<i2' ,\t'fortran_order' : False , 'shape' : ( 2 , ) , } ",
      "{'descr': '<i2', 'fortran_order': False, 'shape': (1, 2, 1,)}",
    ])
  func permitted(header: String) throws {
    try TemporaryDirectory.with { directory in
      let file = try NumpyFile(path: directory.write(npy(header, data: [1, 0, 2, 0])))
      #expect(try file.tensor(as: Int16.self).scalars == [1, 2])
    }
  }

  @Test("tensors of every element type and form survive writing and reading", arguments: ElementType.allCases)
  func roundTrip(type: ElementType) throws {
    func check<Element: TensorElement>(_ type: Element.Type) throws {
      let tensors: [any StridedTensor<Element>] = [
        try bitTensor(type, shape: [2, 3, 5]), try bitTensor(type, shape: []), try bitTensor(type, shape: [3, 0, 2]),
        try bitTensor(type, shape: [4, 6]).transposed(0, 1), try bitTensor(type, shape: [4, 6]).view.sliced(1, 2..<5),
        try bitTensor(type, shape: [3, 1]).view.broadcast(to: [2, 3, 4]),
        try bitTensor(type, shape: [Int](repeating: 1, count: 64)),
      ]
      try TemporaryDirectory.with { directory in
        for tensor in tensors {
          func write(_ tensor: some StridedTensor<Element>) throws {
            try NumpyFile.write(tensor, to: directory.file("out"))
          }
          try write(tensor)
          let read = try NumpyFile(path: directory.file("out")).tensor(as: type)
          #expect(read.shape == tensor.shape)
          #expect(elementBytes(read) == elementBytes(tensor))
          let size = try directory.read(directory.file("out")).count
          #expect((size - tensor.count * MemoryLayout<Element>.stride) % 64 == 0)
        }
      }
    }
    try check(type.swiftType)
  }

  @Test("aligned little-endian elements are shown where they lie and others are copied", arguments: 60..<68)
  func zeroCopy(headerLength: Int) throws {
    let bytes = npy(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", data: [0, 0, 0x80, 0x3F], headerLength: headerLength)
    try TemporaryDirectory.with { directory in
      let file = try NumpyFile(path: directory.write(bytes))
      let views = try (file.tensor(as: Float.self), file.tensor(as: Float.self))
      #expect(views.0.scalars == [1])
      let addresses = (
        UInt(bitPattern: views.0.unsafeBaseAddress), UInt(bitPattern: views.1.unsafeBaseAddress)
      )
      #expect((addresses.0 == addresses.1) == ((10 + headerLength) % 4 == 0))
    }
  }

  @Test("a rank beyond NumPy's limit is refused and nothing is written")
  func rankLimit() throws {
    try TemporaryDirectory.with { directory in
      let tensor = try Tensor<Float>([1], shape: [Int](repeating: 1, count: 65))
      #expect(
        throws: AttentionError.invalidArgument("rank", was: "65", expected: "at most 64, the limit of NumPy")
      ) { try NumpyFile.write(tensor, to: directory.file("out")) }
      let names = try directory.names()
      #expect(names.isEmpty)
    }
  }
}
