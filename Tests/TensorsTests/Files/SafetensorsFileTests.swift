import Testing

@testable import Tensors

@Suite("safetensors files")
struct SafetensorsFileTests {
  /// Written by the Python package safetensors 0.8.0.
  static let reference = safetensors(
    """
    {"__metadata__":{"note":"ä \\"q\\"\\n","format":"np"},"scale":{"dtype":"I64","shape":[],"data_offsets":[0,8]},\
    "empty":{"dtype":"F32","shape":[0,4],"data_offsets":[8,8]},"weight":{"dtype":"F32","shape":[2,3],\
    "data_offsets":[8,32]},"bf":{"dtype":"BF16","shape":[2],"data_offsets":[32,36]},"bias":{"dtype":"F16","shape":[2],\
    "data_offsets":[36,40]},"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[40,43]}}\u{20}\u{20}\u{20}\u{20}\u{20}\u{20}
    """,
    data: bytes(
      hex: "0700000000000000 000000000000803f0000004000004040000080400000a040 803f20c0 003e00c0 010001"))

  @Test("a file of the reference implementation is read with its metadata, shapes and elements")
  func readsReference() throws {
    try TemporaryDirectory.with { directory in
      let file = try SafetensorsFile(path: directory.write(Self.reference))
      #expect(file.metadata == ["note": "ä \"q\"\n", "format": "np"])
      #expect(file.entries.map(\.name) == ["scale", "empty", "weight", "bf", "bias", "mask"])
      #expect(file.entries.map(\.elementType) == [.int64, .float32, .float32, .bfloat16, .float16, .bool])
      #expect(try file.tensor("scale", as: Int64.self).scalars == [7])
      #expect(try file.tensor("scale", as: Int64.self).shape == [])
      #expect(try file.tensor("empty", as: Float.self).shape == [0, 4])
      let weight = try file.tensor("weight", as: Float.self)
      #expect(weight.shape == [2, 3])
      #expect(weight.scalars == [0, 1, 2, 3, 4, 5])
      #expect(try file.tensor("bf", as: BFloat16.self).scalars == [1, -2.5])
      #expect(try file.tensor("bias", as: Float16.self).scalars == [1.5, -2])
      #expect(try file.tensor("mask", as: Bool.self).scalars == [true, false, true])
    }
  }

  @Test("the written file is the header, blanks up to a multiple of 64 bytes, and the larger elements first")
  func writtenBytes() throws {
    try TemporaryDirectory.with { directory in
      let path = directory.file("out.safetensors")
      let tensors: [String: any StridedTensor] = [
        "b": try Tensor<UInt8>([1, 2, 3], shape: [3]), "a\n": try Tensor<UInt8>([9], shape: [1, 1]),
        "z": try Tensor<Float>([1], shape: []),
      ]
      try SafetensorsFile.write(tensors, metadata: ["k": "\"v\"", "j": "ä"], to: path)
      let header = """
        {"__metadata__":{"j":"ä","k":"\\"v\\""},"z":{"dtype":"F32","shape":[],"data_offsets":[0,4]},\
        "a\\u000a":{"dtype":"U8","shape":[1,1],"data_offsets":[4,5]},"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}}
        """
      let padding = String(repeating: " ", count: 256 - 8 - header.utf8.count)
      #expect(try directory.read(path) == safetensors(header + padding, data: [0, 0, 0x80, 0x3F, 9, 1, 2, 3]))
      #expect(try SafetensorsFile(path: path).metadata == ["k": "\"v\"", "j": "ä"])
    }
  }

  @Test("tensors of every element type survive writing and reading", arguments: ElementType.allCases)
  func roundTrip(type: ElementType) throws {
    func check<Element: TensorElement>(_ type: Element.Type) throws {
      let tensors: [String: any StridedTensor] = [
        "dense": try bitTensor(type, shape: [2, 3, 5]), "scalar": try bitTensor(type, shape: []),
        "empty": try bitTensor(type, shape: [3, 0, 2]),
        "transposed": try bitTensor(type, shape: [4, 6]).transposed(0, 1),
        "slice": try bitTensor(type, shape: [4, 6]).view.sliced(1, 2..<5),
        "repeated": try bitTensor(type, shape: [3, 1]).view.broadcast(to: [2, 3, 4]),
      ]
      try TemporaryDirectory.with { directory in
        try SafetensorsFile.write(tensors, to: directory.file("out"))
        let file = try SafetensorsFile(path: directory.file("out"))
        #expect(file.entries.map(\.name) == tensors.keys.sorted())
        for (name, tensor) in tensors {
          let read = try file.tensor(name)
          #expect(read.elementType == tensor.elementType && read.shape == tensor.shape)
          #expect(elementBytes(read) == elementBytes(tensor), "\(name)")
        }
      }
    }
    try check(type.swiftType)
  }

  @Test("a strided view that is larger than one piece is written in row-major order")
  func piecewise() throws {
    let view = try bitTensor(Float.self, shape: [3, 400, 500]).transposed(0, 2)
    try TemporaryDirectory.with { directory in
      try SafetensorsFile.write(["t": view], to: directory.file("out"))
      let read = try SafetensorsFile(path: directory.file("out")).tensor("t", as: Float.self)
      #expect(elementBytes(read) == elementBytes(view))
    }
  }

  @Test("elements begin at a multiple of 64 bytes and each tensor at a multiple of its element", arguments: 0..<70)
  func alignment(nameLength: Int) throws {
    try TemporaryDirectory.with { directory in
      let name = String(repeating: "n", count: nameLength)
      try SafetensorsFile.write(
        [name: try Tensor<UInt8>([1], shape: [1]), "wide": try Tensor<Double>([1], shape: [1])],
        to: directory.file("out"))
      let entries = try SafetensorsFile(path: directory.file("out")).entries
      #expect(entries[0].byteRange.lowerBound % 64 == 0)
      #expect(entries.allSatisfy { $0.byteRange.lowerBound % ($0.elementType?.byteCount ?? 0) == 0 })
    }
  }

  @Test("aligned elements are shown where they lie and others are copied", arguments: 0..<8)
  func zeroCopy(padding: Int) throws {
    let header = #"{"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"# + String(repeating: " ", count: padding)
    try TemporaryDirectory.with { directory in
      let path = try directory.write(safetensors(header, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]))
      let file = try SafetensorsFile(path: path)
      let views = try (file.tensor("t", as: Float.self), file.tensor("t", as: Float.self))
      #expect(views.0.scalars == [1, -2])
      let addresses = (
        UInt(bitPattern: views.0.unsafeBaseAddress), UInt(bitPattern: views.1.unsafeBaseAddress)
      )
      let isAligned = (8 + header.utf8.count) % 4 == 0
      #expect((addresses.0 == addresses.1) == isAligned)
    }
  }

  @Test("a view outlives the file value and the file's name")
  func lifetime() throws {
    let view = try TemporaryDirectory.with { directory in
      try SafetensorsFile(path: directory.write(Self.reference)).tensor("weight", as: Float.self)
    }
    #expect(view.scalars == [0, 1, 2, 3, 4, 5])
    var tensor = Tensor(copying: view)
    tensor[0, 0] = 9
    #expect(view[0, 0] == 0)
  }

  @Test(
    "element types of the specification that this package lacks are listed, and refused by name when they are read",
    arguments: [
      ("F8_E4M3", 16), ("F8_E5M2", 16), ("F8_E8M0", 16), ("F8_E4M3FNUZ", 16), ("F8_E5M2FNUZ", 16), ("F4", 8),
      ("F6_E2M3", 12), ("F6_E3M2", 12), ("C64", 128),
    ])
  func otherTypes(name: String, byteCount: Int) throws {
    try TemporaryDirectory.with { directory in
      let header = #"{"t":{"dtype":"\#(name)","shape":[4,4],"data_offsets":[0,\#(byteCount)]}}"#
      let path = try directory.write(safetensors(header, data: [UInt8](repeating: 0, count: byteCount)))
      let file = try SafetensorsFile(path: path)
      #expect(file.entries.map(\.typeName) == [name] && file.entries[0].elementType == nil)
      let argument = "element type of the tensor \"t\" of \(path)"
      #expect(throws: AttentionError.invalidArgument(argument, was: name, expected: "F32")) {
        try file.tensor("t", as: Float.self)
      }
      #expect(
        throws: AttentionError.invalidArgument(
          argument, was: name,
          expected: "one of F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL")
      ) { try file.tensor("t") }
    }
  }

  @Test("asking for another type or name says what there is")
  func mismatch() throws {
    try TemporaryDirectory.with { directory in
      let path = try directory.write(Self.reference)
      let file = try SafetensorsFile(path: path)
      #expect(
        throws: AttentionError.invalidArgument(
          "element type of the tensor \"bias\" of \(path)", was: "F16", expected: "BF16")
      ) { try file.tensor("bias", as: BFloat16.self) }
      #expect(
        throws: AttentionError.invalidArgument(
          "tensor of \(path)", was: "\"biases\"",
          expected: #""scale", "empty", "weight", "bf", "bias", "mask""#)
      ) { try file.tensor("biases") }
      #expect(file.contains("bias") && !file.contains("biases"))
    }
  }

  @Test("the list of names in an error is bounded")
  func boundedList() throws {
    try TemporaryDirectory.with { directory in
      let tensor = try Tensor<Float>([1], shape: [1])
      let tensors = Dictionary(uniqueKeysWithValues: (10..<40).map { (String(repeating: "\($0)", count: 99), tensor) })
      try SafetensorsFile.write(tensors, to: directory.file("out"))
      let file = try SafetensorsFile(path: directory.file("out"))
      let error = #expect(throws: AttentionError.self) { try file.entry("x") }
      let text = try #require(error?.description)
      #expect(text.count < 900 && text.hasSuffix("and 22 more"))
    }
  }

  @Test("the reserved name is refused and nothing is written")
  func reservedName() throws {
    try TemporaryDirectory.with { directory in
      let tensor = try Tensor<Float>([1], shape: [1])
      #expect(
        throws: AttentionError.invalidArgument(
          "name of a tensor", was: "\"__metadata__\"", expected: "another name, because the format reserves this one")
      ) {
        try SafetensorsFile.write(["__metadata__": tensor], to: directory.file("out"))
      }
      #expect(try directory.names().isEmpty)
    }
  }

  @Test("a file without tensors is written and read")
  func noTensors() throws {
    try TemporaryDirectory.with { directory in
      try SafetensorsFile.write([:], to: directory.file("out"))
      #expect(try SafetensorsFile(path: directory.file("out")).entries.isEmpty)
    }
  }
}
