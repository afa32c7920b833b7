import Tensors
import Testing

@Suite("npy files that violate the format or hold something else")
struct NumpyHostileTests {
  /// A file whose header has the given parts, with eight bytes of elements.
  static func file(
    type: String = "'<f4'", order: String = "False", shape: String = "(2,)", more: String = "",
    data: [UInt8] = [UInt8](repeating: 0, count: 8)
  ) -> [UInt8] {
    npy("{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), \(more)}", data: data)
  }

  static let files: [HostileFile] = [
    HostileFile("an empty file", [], reason: "does not begin with \\x93NUMPY"),
    HostileFile(
      "another magic", Array("\u{7F}ELF".utf8) + [UInt8](repeating: 0, count: 99),
      reason: "does not begin with \\x93NUMPY"),
    HostileFile(
      "a zip archive of arrays", Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 99),
      reason: "does not begin with \\x93NUMPY"),
    HostileFile("no version", [0x93] + Array("NUMPY\u{1}".utf8), reason: "ends before the format's version"),
    HostileFile("version 4.0", npy("{}", version: (4, 0)), reason: "version is 4.0, not 1.0, 2.0 or 3.0"),
    HostileFile("version 1.1", npy("{}", version: (1, 1)), reason: "version is 1.1"),
    HostileFile(
      "no header length", [0x93] + Array("NUMPY".utf8) + [1, 0, 5], reason: "ends before the header's length"),
    HostileFile(
      "a header length beyond the file", [0x93] + Array("NUMPY".utf8) + [1, 0, 5, 0] + Array("{}".utf8),
      reason: "only 2 bytes follow"),
    HostileFile(
      "a header length of 2³² − 1", [0x93] + Array("NUMPY".utf8) + [2, 0, 255, 255, 255, 255] + Array("{}".utf8),
      reason: "above the limit"),
    HostileFile(
      "a header of no bytes", [0x93] + Array("NUMPY".utf8) + [1, 0, 0, 0], reason: "expected {, found the end"),
    HostileFile("a header that is a list", npy("[]"), reason: "expected {, found \"[\""),
    HostileFile("an empty dictionary", npy("{}"), reason: "no key \"descr\""),
    HostileFile(
      "a dictionary that is not closed", npy("{'descr': '<f4', "), reason: "expected a string, found the end"),
    HostileFile("text after the dictionary", npy("{} or {}"), reason: "expected nothing more, found \"o\""),
    HostileFile("two commas", npy("{,,}"), reason: "expected a string, found \",\""),
    HostileFile("a missing comma", npy("{'descr': '<f4' 'shape': ()}"), reason: "expected , or }"),
    HostileFile("a missing colon", npy("{'descr' '<f4'}"), reason: "expected :"),
    HostileFile("an unknown key", file(more: "'order': 1"), reason: "unknown key \"order\""),
    HostileFile("a key that occurs twice", file(more: "'shape': (2,)"), reason: "the key \"shape\" occurs twice"),
    HostileFile("no shape", npy("{'descr': '<f4', 'fortran_order': False}"), reason: "no key \"shape\""),
    HostileFile("no order", npy("{'descr': '<f4', 'shape': ()}"), reason: "no key \"fortran_order\""),
    HostileFile("a string that is not closed", npy("{'descr"), reason: "something else than plain ASCII"),
    HostileFile("an escape", file(type: "'\\x3cf4'"), reason: "something else than plain ASCII"),
    HostileFile("a letter beyond ASCII", file(type: "'<ф4'"), reason: "something else than plain ASCII"),
    HostileFile("an order that is a number", file(order: "0"), reason: "expected True or False, found \"0\""),
    HostileFile("an order in lower case", file(order: "false"), reason: "expected True or False, found \"f\""),
    HostileFile("an order cut short", file(order: "Fals"), reason: "expected False, found \",\""),
    HostileFile("a shape that is an integer", file(shape: "2"), reason: "expected (, found \"2\""),
    HostileFile("a shape that is an integer in parentheses", file(shape: "(2)"), reason: "lacks its comma"),
    HostileFile("a shape that is a list", file(shape: "[2]"), reason: "expected (, found \"[\""),
    HostileFile("a negative dimension", file(shape: "(-2,)"), reason: "expected a non-negative integer, found \"-\""),
    HostileFile("a fraction", file(shape: "(2.0,)"), reason: "expected , or ), found \".\""),
    HostileFile("a leading zero", file(shape: "(02,)"), reason: "begins with a zero"),
    HostileFile("an expression", file(shape: "(1+1,)"), reason: "expected , or ), found \"+\""),
    HostileFile("a call", file(shape: "exit()"), reason: "expected (, found \"e\""),
    HostileFile("a comma alone", file(shape: "(,)"), reason: "expected a non-negative integer, found \",\""),
    HostileFile(
      "65 axes", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (\(String(repeating: "1, ", count: 65)))}"),
      reason: "more than 64 integers"),
    HostileFile("a dimension of 2⁶³", file(shape: "(9223372036854775808,)"), reason: "too large"),
    HostileFile("a shape whose product overflows", file(shape: "(4294967296, 4294967296)"), reason: "overflows"),
    HostileFile(
      "a product that wraps around to the right size", file(shape: "(4294967296, 4294967296, 2)"), reason: "overflows"),
    HostileFile(
      "an empty axis beside axes whose product overflows", file(shape: "(4611686018427387904, 4, 0)", data: []),
      reason: "overflows"),
    HostileFile(
      "too few elements", file(shape: "(3,)"), reason: "8 bytes follow the header, but 3 elements of type <f4 take 12"),
    HostileFile(
      "bytes after the elements", file(shape: "(1,)"),
      reason: "8 bytes follow the header, but 1 elements of type <f4 take 4"),
    HostileFile("bytes of an empty array", file(shape: "(0,)"), reason: "8 bytes follow the header, but 0 elements"),
    HostileFile("an empty type", file(type: "''"), reason: "the element type \"\" is not one"),
    HostileFile("a type without byte order", file(type: "'f4'"), reason: "the element type \"f4\" is not one"),
    HostileFile(
      "a number of several bytes without byte order", file(type: "'|f4'"), reason: "the element type \"|f4\" is not one"
    ),
    HostileFile("an integer of three bytes", file(type: "'<i3'"), reason: "the element type \"<i3\" is not one"),
    HostileFile("a type in a long text", file(type: "'<f4,<f4'"), reason: "the element type"),
  ]

  @Test("opening fails and says why", arguments: files)
  func refused(file: HostileFile) throws {
    try TemporaryDirectory.with { directory in
      let path = try directory.write(file.bytes)
      let error = #expect(throws: AttentionError.self) { try NumpyFile(path: path) }
      guard case .malformedFile(path, let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains(file.reason), "\(reason)")
    }
  }

  /// Headers as NumPy 2.4.6 writes them.
  @Test(
    "arrays of what is no element type are refused by name",
    arguments: [
      ("[('a', '<f4'), ('b', '<i4')]", "a structured type"), ("('<f4', (2,))", "a structured type"),
      ("'|O'", "\"|O\" (Python objects)"), ("'<U2'", "\"<U2\" (strings)"), ("'|S2'", "\"|S2\" (byte strings)"),
      ("'<c8'", "\"<c8\" (complex numbers)"), ("'<M8[s]'", "\"<M8[s]\" (dates)"),
      ("'<m8[s]'", "\"<m8[s]\" (durations)"),
      ("'|V4'", "\"|V4\" (raw bytes)"), ("'<f16'", "\"<f16\" (floating point of another size)"),
    ])
  func otherTypes(type: String, name: String) throws {
    try TemporaryDirectory.with { directory in
      let path = try directory.write(Self.file(type: type))
      #expect(
        throws: AttentionError.invalidArgument(
          "element type of \(path)", was: name,
          expected: "one of V2, b1, f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8")
      ) { try NumpyFile(path: path) }
    }
  }

  @Test("a truth value that is neither 0 nor 1 is refused when it is read")
  func truthValue() throws {
    try TemporaryDirectory.with { directory in
      let path = try directory.write(Self.file(type: "'|b1'", data: [1, 255]))
      let file = try NumpyFile(path: path)
      let reason = "byte 129 is 255, but a truth value has to be 0 or 1"
      #expect(throws: AttentionError.malformedFile(path, reason: reason)) { try file.tensor(as: Bool.self) }
    }
  }

  @Test("a file that is cut off at any byte is refused")
  func truncated() throws {
    let whole = Self.file()
    try TemporaryDirectory.with { directory in
      for count in 0..<whole.count {
        let path = try directory.write(Array(whole.prefix(count)))
        let error = #expect(throws: AttentionError.self) { try NumpyFile(path: path) }
        guard case .malformedFile = error else {
          Issue.record("cut off at \(count): \(String(describing: error))")
          return
        }
      }
    }
  }

  @Test("a file with bytes changed at random is read or refused", arguments: 0..<4 as Range<UInt64>)
  func mutated(seed: UInt64) throws {
    var generator = SplitMix64(state: seed)
    try TemporaryDirectory.with { directory in
      for _ in 0..<500 {
        var bytes = npy(
          "{'descr': '>f4', 'fortran_order': True, 'shape': (1, 2), }", data: [UInt8](repeating: 1, count: 8),
          headerLength: 64)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          let replacement = "0123456789(){},:'<>|=fiubV".utf8.randomElement(using: &generator)
          let any = UInt8.random(in: 0...255, using: &generator)
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
            Bool.random(using: &generator) ? any : replacement ?? any
        }
        let path = try directory.write(bytes)
        do {
          let tensor = try NumpyFile(path: path).tensor()
          #expect(elementBytes(tensor).count == 8)
        } catch AttentionError.malformedFile {
          continue
        } catch AttentionError.invalidArgument(let argument, _, _) where argument.hasPrefix("element type") {
          continue
        }
      }
    }
  }
}
