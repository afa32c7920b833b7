/// A strict reader of the JSON that a safetensors header may contain: objects, arrays, strings and non-negative
/// integers (RFC 8259).
///
/// The caller asks for the value that its grammar has next and gets an error where another one comes. The depth of the
/// calls is that of the caller's grammar, however deep the text nests.
struct JSONReader {
  private var cursor: ByteCursor

  init(file: String, bytes: [UInt8]) {
    cursor = ByteCursor(file: file, bytes: bytes)
  }

  /// Reads an object, calling `member` after each name to read the value.
  ///
  /// A name that occurs twice is an error, also where it is written with other code points that Unicode regards as
  /// equivalent.
  mutating func object(_ member: (inout JSONReader, String) throws -> Void) throws {
    var names: Set<String> = []
    try sequence(open: "{", close: "}") { reader in
      let name = try reader.string()
      guard names.insert(name).inserted else { throw reader.failure("the name \(name.quoted) occurs twice") }
      reader.cursor.skipWhitespace()
      try reader.cursor.expect(":")
      try member(&reader, name)
    }
  }

  /// Reads an array, calling `element` to read each element.
  mutating func array(_ element: (inout JSONReader) throws -> Void) throws {
    try sequence(open: "[", close: "]", element)
  }

  /// Reads an integer from 0 up.
  mutating func integer() throws -> Int {
    cursor.skipWhitespace()
    let value = try cursor.decimalInteger()
    if let next = cursor.next, ".eE".utf8.contains(next) { throw failure("expected an integer\(cursor.found)") }
    return value
  }

  /// Checks that only whitespace is left.
  mutating func end() throws {
    try cursor.expectEnd()
  }

  /// The error that says what is wrong at the position.
  func failure(_ reason: String) -> AttentionError {
    cursor.failure(reason)
  }

  private mutating func sequence(
    open: Unicode.Scalar, close: Unicode.Scalar, _ item: (inout JSONReader) throws -> Void
  ) throws {
    let closing = UInt8(ascii: close)
    cursor.skipWhitespace()
    try cursor.expect(String(open))
    cursor.skipWhitespace()
    if cursor.takeIfNext(closing) { return }
    while true {
      try item(&self)
      cursor.skipWhitespace()
      if cursor.takeIfNext(closing) { return }
      guard cursor.takeIfNext(UInt8(ascii: ",")) else { throw failure("expected , or \(close)\(cursor.found)") }
    }
  }
}

// MARK: Strings

extension JSONReader {
  /// Reads a string.
  mutating func string() throws -> String {
    cursor.skipWhitespace()
    guard cursor.takeIfNext(UInt8(ascii: "\"")) else { throw failure("expected a string\(cursor.found)") }
    var content: [UInt8] = []
    while true {
      switch try cursor.take() {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw failure("the string that ends here is not valid UTF-8")
        }
        return text
      case UInt8(ascii: "\\"):
        content.append(contentsOf: String(try escapedCharacter()).utf8)
      case 0..<0x20:
        throw failure("a string contains a control character that is not escaped")
      case let byte:
        content.append(byte)
      }
    }
  }

  private mutating func escapedCharacter() throws -> Unicode.Scalar {
    switch try cursor.take() {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try codePoint()
    default: throw failure("a string contains an unknown escape")
    }
  }

  /// Reads the digits after `\u` and, for a character beyond the basic plane, the second half of the surrogate pair.
  private mutating func codePoint() throws -> Unicode.Scalar {
    let first = try fourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, cursor.takeIfNext(UInt8(ascii: "\\")), cursor.takeIfNext(UInt8(ascii: "u")) else {
      throw failure("a string contains half of a surrogate pair")
    }
    let second = try fourDigits()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw failure("a string contains half of a surrogate pair") }
    return scalar
  }

  private mutating func fourDigits() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try cursor.take())).hexDigitValue else {
        throw failure("\\u is not followed by four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
