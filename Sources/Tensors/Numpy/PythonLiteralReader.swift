/// A strict reader of the Python literals in an npy header: a dictionary of strings, truth values and tuples of
/// integers.
///
/// The caller asks for the value that its grammar has next and gets an error where another one comes.
struct PythonLiteralReader {
  private var cursor: ByteCursor

  init(file: String, bytes: [UInt8]) {
    cursor = ByteCursor(file: file, bytes: bytes)
  }

  /// The byte that the next value begins with.
  mutating func firstByte() -> UInt8? {
    cursor.skipWhitespace()
    return cursor.next
  }

  /// Reads a dictionary, calling `item` after each key to read the value. A key that occurs twice is an error.
  mutating func dictionary(_ item: (inout PythonLiteralReader, String) throws -> Void) throws {
    var keys: Set<String> = []
    cursor.skipWhitespace()
    try cursor.expect("{")
    try items(close: "}") { reader in
      let key = try reader.string()
      guard keys.insert(key).inserted else { throw reader.failure("the key \(key.quoted) occurs twice") }
      reader.cursor.skipWhitespace()
      try reader.cursor.expect(":")
      try item(&reader, key)
    }
  }

  /// Reads a string of ASCII characters without escapes.
  mutating func string() throws -> String {
    cursor.skipWhitespace()
    guard let quote = cursor.next, "'\"".utf8.contains(quote) else {
      throw failure("expected a string\(cursor.found)")
    }
    _ = try cursor.take()
    var text = ""
    while true {
      switch try cursor.take() {
      case quote: return text
      case UInt8(ascii: "\\"), ..<0x20, 0x7F...:
        throw failure("a string contains something else than plain ASCII characters")
      case let byte: text.unicodeScalars.append(Unicode.Scalar(byte))
      }
    }
  }

  /// Reads `True` or `False`.
  mutating func boolean() throws -> Bool {
    cursor.skipWhitespace()
    guard let first = cursor.next, "TF".utf8.contains(first) else {
      throw failure("expected True or False\(cursor.found)")
    }
    let value = first == UInt8(ascii: "T")
    try cursor.expect(value ? "True" : "False")
    return value
  }

  /// Reads a tuple of at most `limit` integers, each of which may carry the suffix `L` of Python 2.
  mutating func integers(limit: Int) throws -> [Int] {
    var integers: [Int] = []
    cursor.skipWhitespace()
    try cursor.expect("(")
    let endsWithComma = try items(close: ")") { reader in
      guard integers.count < limit else { throw reader.failure("a tuple has more than \(limit) integers") }
      integers.append(try reader.cursor.decimalInteger())
      _ = reader.cursor.takeIfNext(UInt8(ascii: "L"))
    }
    // In Python, (3) is the integer three.
    guard integers.count != 1 || endsWithComma else { throw failure("a tuple of one integer lacks its comma") }
    return integers
  }

  /// Checks that only whitespace is left.
  mutating func end() throws {
    try cursor.expectEnd()
  }

  /// The error that says what is wrong at the position.
  func failure(_ reason: String) -> AttentionError {
    cursor.failure(reason)
  }

  /// Reads items with commas between them up to the closing character, and says whether a comma came last.
  @discardableResult
  private mutating func items(
    close: Unicode.Scalar, _ item: (inout PythonLiteralReader) throws -> Void
  ) throws -> Bool {
    var endsWithComma = false
    var isFirst = true
    while true {
      cursor.skipWhitespace()
      if cursor.takeIfNext(UInt8(ascii: close)) { return endsWithComma }
      guard isFirst || endsWithComma else { throw failure("expected , or \(close)\(cursor.found)") }
      try item(&self)
      cursor.skipWhitespace()
      endsWithComma = cursor.takeIfNext(UInt8(ascii: ","))
      isFirst = false
    }
  }
}
