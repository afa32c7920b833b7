import Tensors
import Testing

@Suite("safetensors files that violate the format")
struct SafetensorsHostileTests {
  /// A header with one tensor `t` of the given fields, and its file with `count` bytes of elements.
  static func tensor(_ fields: String, count: Int = 8) -> [UInt8] {
    safetensors(#"{"t":{\#(fields)}}"#, data: [UInt8](repeating: 0, count: count))
  }

  static func offsets(_ offsets: String, shape: String = "[2]", count: Int = 8) -> [UInt8] {
    tensor(#""dtype":"F32","shape":\#(shape),"data_offsets":\#(offsets)"#, count: count)
  }

  /// A file of `U8` tensors `a`, `b`, … with the given ranges in eight bytes of elements.
  static func ranges(_ ranges: Range<Int>...) -> [UInt8] {
    let members = zip("abcd", ranges).map { name, range in
      #""\#(name)":{"dtype":"U8","shape":[\#(range.count)],"data_offsets":[\#(range.lowerBound),\#(range.upperBound)]}"#
    }
    return safetensors("{\(members.joined(separator: ","))}", data: [UInt8](repeating: 0, count: 8))
  }

  static let files: [HostileFile] = [
    HostileFile("an empty file", [], reason: "the file has 0 bytes"),
    HostileFile("seven bytes", [1, 0, 0, 0, 0, 0, 0], reason: "the file has 7 bytes"),
    HostileFile("a header length of 2⁶⁴ − 1", safetensors("{}", length: .max), reason: "above the limit"),
    HostileFile("a header length above the limit", safetensors("{}", length: 100_000_001), reason: "above the limit"),
    HostileFile("a header length beyond the file", safetensors("{}", length: 3), reason: "only 2 bytes follow"),
    HostileFile("a header of no bytes", safetensors(""), reason: "does not begin with {"),
    HostileFile("a header that begins with a blank", safetensors(" {}"), reason: "does not begin with {"),
    HostileFile("a header that is an array", safetensors("[]"), reason: "does not begin with {"),
    HostileFile("an object that is not closed", safetensors("{"), reason: "byte 1: expected a string, found the end"),
    HostileFile("text after the object", safetensors("{}x"), reason: "expected nothing more, found \"x\""),
    HostileFile("a NUL after the object", safetensors("{}\0"), reason: "expected nothing more, found \"\\u{0}\""),
    HostileFile(
      "a comma before the end", safetensors(#"{"__metadata__":{},}"#), reason: "expected a string, found \"}\""),
    HostileFile("a missing comma", safetensors(#"{"__metadata__":{} "t":{}}"#), reason: "expected , or }"),
    HostileFile("a missing colon", safetensors(#"{"t" {}}"#), reason: "expected :"),
    HostileFile("a name without quotes", safetensors("{t:{}}"), reason: "expected a string, found \"t\""),
    HostileFile("a string that is not closed", safetensors(#"{"t"#), reason: "ends too early"),
    HostileFile("a line end in a string", safetensors("{\"a\nb\":{}}"), reason: "control character"),
    HostileFile("an unknown escape", safetensors(#"{"\x":{}}"#), reason: "unknown escape"),
    HostileFile("a short \\u escape", safetensors(#"{"\u12":{}}"#), reason: "four hexadecimal digits"),
    HostileFile("a high surrogate alone", safetensors(#"{"\ud83d":{}}"#), reason: "half of a surrogate pair"),
    HostileFile("a low surrogate alone", safetensors(#"{"\ude00":{}}"#), reason: "half of a surrogate pair"),
    HostileFile("two high surrogates", safetensors(#"{"\ud83d\ud83d":{}}"#), reason: "half of a surrogate pair"),
    HostileFile(
      "a byte that is not UTF-8", safetensors(Array("{\"".utf8) + [0xFF] + Array("\":{}}".utf8)),
      reason: "not valid UTF-8"),
    HostileFile(
      "an overlong encoding", safetensors(Array("{\"".utf8) + [0xC0, 0xAF] + Array("\":{}}".utf8)),
      reason: "not valid UTF-8"),
    HostileFile(
      "a byte order mark", safetensors([0xEF, 0xBB, 0xBF] + Array("{}".utf8)), reason: "does not begin with {"),
    HostileFile(
      "a name that occurs twice", safetensors(#"{"__metadata__":{},"__metadata__":{}}"#),
      reason: "the name \"__metadata__\" occurs twice"),
    HostileFile(
      "a name that occurs twice through an escape", safetensors(#"{"__metadata__":{"a":"","\u0061":""}}"#),
      reason: "the name \"a\" occurs twice"),
    HostileFile(
      "metadata that is not text", safetensors(#"{"__metadata__":{"a":1}}"#), reason: "expected a string, found \"1\""),
    HostileFile("metadata that is null", safetensors(#"{"__metadata__":null}"#), reason: "expected {, found \"n\""),
    HostileFile(
      "metadata in objects in objects", safetensors(#"{"__metadata__":{"a":{"b":"c"}}}"#),
      reason: "expected a string, found \"{\""),
    HostileFile(
      "a hundred thousand brackets", safetensors(#"{"t":"# + String(repeating: "[", count: 100_000)),
      reason: "expected {, found \"[\""),
    HostileFile("a tensor that is a number", safetensors(#"{"t":1}"#), reason: "expected {, found \"1\""),
    HostileFile("no dtype", tensor(#""shape":[2],"data_offsets":[0,8]"#), reason: "no field \"dtype\""),
    HostileFile("no shape", tensor(#""dtype":"F32","data_offsets":[0,8]"#), reason: "no field \"shape\""),
    HostileFile("no data offsets", tensor(#""dtype":"F32","shape":[2]"#), reason: "no field \"data_offsets\""),
    HostileFile("an unknown field", tensor(#""dtype":"F32","stride":[1]"#), reason: "unknown field \"stride\""),
    HostileFile(
      "a field that occurs twice", tensor(#""dtype":"F32","dtype":"F32""#), reason: "the name \"dtype\" occurs twice"),
    HostileFile(
      "an unknown dtype", tensor(#""dtype":"F31","shape":[2],"data_offsets":[0,8]"#),
      reason: "unknown element type \"F31\""),
    HostileFile(
      "a dtype in lower case", tensor(#""dtype":"f32","shape":[2],"data_offsets":[0,8]"#),
      reason: "unknown element type \"f32\""),
    HostileFile("a dtype that is a number", tensor(#""dtype":32"#), reason: "expected a string"),
    HostileFile(
      "a negative dimension", offsets("[0,8]", shape: "[-2]"), reason: "expected a non-negative integer, found \"-\""),
    HostileFile("a fraction", offsets("[0,8]", shape: "[2.0]"), reason: "expected an integer, found \".\""),
    HostileFile("an exponent", offsets("[0,8]", shape: "[2e0]"), reason: "expected an integer, found \"e\""),
    HostileFile("a leading zero", offsets("[0,8]", shape: "[02]"), reason: "begins with a zero"),
    HostileFile("a dimension of 2⁶³", offsets("[0,8]", shape: "[9223372036854775808]"), reason: "too large"),
    HostileFile(
      "a dimension of 2¹⁰⁰", offsets("[0,8]", shape: "[1267650600228229401496703205376]"), reason: "too large"),
    HostileFile("a shape in text", offsets("[0,8]", shape: #"["2"]"#), reason: "expected a non-negative integer"),
    HostileFile(
      "a comma at the end of a shape", offsets("[0,8]", shape: "[2,]"),
      reason: "expected a non-negative integer, found \"]\""),
    HostileFile(
      "a shape whose product overflows", offsets("[0,8]", shape: "[4294967296,4294967296]"),
      reason: "shape whose size overflows"),
    HostileFile(
      "a shape whose size in bytes overflows", offsets("[0,8]", shape: "[4611686018427387904]"),
      reason: "shape whose size overflows"),
    HostileFile(
      "an empty axis beside axes whose product overflows",
      offsets("[0,0]", shape: "[4611686018427387904,4,0]", count: 0), reason: "shape whose size overflows"),
    HostileFile(
      "a product that wraps around to the right size", offsets("[0,8]", shape: "[4294967296,4294967296,2]"),
      reason: "shape whose size overflows"),
    HostileFile("one data offset", offsets("[0]"), reason: "has 1 data offsets, not 2"),
    HostileFile("three data offsets", offsets("[0,8,8]"), reason: "has 3 data offsets, not 2"),
    HostileFile("data offsets in reverse", offsets("[8,0]"), reason: "ends at 0, before it begins at 8"),
    HostileFile("data beyond the file", offsets("[0,8]", count: 7), reason: "ends at 8, but the file has only 7 bytes"),
    HostileFile(
      "data far beyond the file", offsets("[9223372036854775800,9223372036854775807]"),
      reason: "but the file has only 8 bytes"),
    HostileFile(
      "fewer bytes than the shape takes", offsets("[0,8]", shape: "[3]"),
      reason: "has 8 bytes, but 3 elements of type F32 take 12"),
    HostileFile(
      "more bytes than the shape takes", offsets("[0,8]", shape: "[]"),
      reason: "has 8 bytes, but 1 elements of type F32 take 4"),
    HostileFile("bytes of an empty tensor", offsets("[0,8]", shape: "[0]"), reason: "has 8 bytes, but 0 elements"),
    HostileFile("half a byte", tensor(#""dtype":"F4","shape":[1],"data_offsets":[0,1]"#), reason: "take 4 bits"),
    HostileFile("tensors that overlap", ranges(0..<5, 4..<8), reason: "the tensor \"b\" overlaps another"),
    HostileFile("two tensors on the same bytes", ranges(0..<8, 0..<8), reason: "the tensor \"b\" overlaps another"),
    HostileFile("an empty tensor inside another", ranges(0..<8, 4..<4), reason: "the tensor \"b\" overlaps another"),
    HostileFile(
      "a gap between tensors", ranges(0..<3, 5..<8), reason: "2 bytes before the tensor \"b\" belong to no tensor"),
    HostileFile(
      "a gap before the first tensor", ranges(1..<8), reason: "1 bytes before the tensor \"a\" belong to no tensor"),
    HostileFile(
      "bytes after the last tensor", ranges(0..<7), reason: "the last 1 bytes of the file belong to no tensor"),
    HostileFile(
      "bytes and no tensor", safetensors("{}", data: [0]), reason: "the last 1 bytes of the file belong to no tensor"),
    HostileFile(
      "a name that steers the terminal",
      safetensors(
        #"{"\u001b[2J\u202e\n":1}"#.replacing("1}", with: #"{"dtype":"X","shape":[],"data_offsets":[0,0]}}"#)),
      reason: #"the tensor "\u{1b}[2J\u{202e}\u{a}" has the unknown element type "X""#),
  ]

  @Test("opening fails and says why", arguments: files)
  func refused(file: HostileFile) throws {
    try TemporaryDirectory.with { directory in
      let path = try directory.write(file.bytes)
      let error = #expect(throws: AttentionError.self) { try SafetensorsFile(path: path) }
      guard case .malformedFile(path, let reason) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(reason.contains(file.reason), "\(reason)")
    }
  }

  @Test("a truth value that is neither 0 nor 1 is refused when it is read")
  func truthValue() throws {
    try TemporaryDirectory.with { directory in
      let header = #"{"m":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}"#
      let path = try directory.write(safetensors(header, data: [0, 1, 2]))
      let file = try SafetensorsFile(path: path)
      let reason = "byte \(8 + header.utf8.count + 2) is 2, but a truth value has to be 0 or 1"
      #expect(throws: AttentionError.malformedFile(path, reason: reason)) { try file.tensor("m", as: Bool.self) }
    }
  }

  @Test(
    "unusual headers that the format permits are read",
    arguments: [
      (
        "blanks, tabs and line ends between all parts",
        "{ \"t\" :\t{ \"shape\" : [ 2 ] ,\n\"data_offsets\":[ 0 , 8 ],\r\"dtype\":\"F32\" } } \n", "t"
      ),
      (
        "every escape", #"{"\"\\\/\b\f\n\r\t\u00e4\uD83D\uDE00":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        "\"\\/\u{8}\u{C}\n\r\tä😀"
      ),
      ("no name", #"{"":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, ""),
      ("axes of one", #"{"t":{"dtype":"F32","shape":[1,2,1],"data_offsets":[0,8]}}"#, "t"),
    ])
  func permitted(what: String, header: String, name: String) throws {
    try TemporaryDirectory.with { directory in
      let path = try directory.write(safetensors(header, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]))
      #expect(try SafetensorsFile(path: path).tensor(name, as: Float.self).scalars == [1, 2])
    }
  }

  @Test("a file that is cut off at any byte is refused")
  func truncated() throws {
    let whole = SafetensorsFileTests.reference
    try TemporaryDirectory.with { directory in
      for count in 0..<whole.count {
        let path = try directory.write(Array(whole.prefix(count)))
        let error = #expect(throws: AttentionError.self) { try SafetensorsFile(path: path) }
        guard case .malformedFile = error else {
          Issue.record("cut off at \(count): \(String(describing: error))")
          return
        }
      }
    }
  }

  @Test("a file with bytes changed at random is read or refused as malformed", arguments: 0..<4 as Range<UInt64>)
  func mutated(seed: UInt64) throws {
    var generator = SplitMix64(state: seed)
    try TemporaryDirectory.with { directory in
      for _ in 0..<500 {
        var bytes = SafetensorsFileTests.reference
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
          // Digits and punctuation get past the reader more often than any byte would.
          let replacement =
            Bool.random(using: &generator) ? "0123456789[]{},:\"\\".utf8.randomElement(using: &generator) : nil
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
            replacement ?? UInt8.random(in: 0...255, using: &generator)
        }
        let path = try directory.write(bytes)
        do {
          let file = try SafetensorsFile(path: path)
          for entry in file.entries {
            let tensor = try file.tensor(entry.name)
            #expect(elementBytes(tensor).count == entry.byteRange.count)
          }
        } catch AttentionError.malformedFile {
          continue
        } catch AttentionError.invalidArgument(_, let was, _) where was.hasPrefix("F8") || was.hasPrefix("F4") {
          continue
        }
      }
    }
  }
}
