/// A position in the text of a file's header.
///
/// The readers of the headers' small grammars are built on it. Every step is checked against the end of the text.
struct ByteCursor {
  /// The file that errors name.
  let file: String
  let bytes: [UInt8]
  private(set) var position = 0

  init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
  }

  /// The byte at the position, or nil at the end.
  var next: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  /// Steps over the byte at the position and returns it.
  mutating func take() throws -> UInt8 {
    guard let byte = next else { throw failure("it ends too early") }
    position += 1
    return byte
  }

  /// Steps over `byte` where it is next, and says whether it was.
  mutating func takeIfNext(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  /// Steps over `text`, which has to be next.
  mutating func expect(_ text: String) throws {
    for byte in text.utf8 where !takeIfNext(byte) { throw failure("expected \(text)\(found)") }
  }

  /// Steps over blanks, tabs and line ends.
  mutating func skipWhitespace() {
    while let byte = next, " \t\n\r".utf8.contains(byte) { position += 1 }
  }

  /// Steps over whitespace up to the end, where nothing else may come.
  mutating func expectEnd() throws {
    skipWhitespace()
    guard next == nil else { throw failure("expected nothing more\(found)") }
  }

  /// Reads a decimal integer without sign and without leading zeros.
  mutating func decimalInteger() throws -> Int {
    guard let first = next, isDigit(first) else { throw failure("expected a non-negative integer\(found)") }
    var value = 0
    let start = position
    while let byte = next, isDigit(byte) {
      guard !(position > start && bytes[start] == UInt8(ascii: "0")) else {
        throw failure("an integer begins with a zero")
      }
      let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      guard !overflowed, !carried else { throw failure("an integer is too large") }
      value = sum
      position += 1
    }
    return value
  }

  /// The error that says what is wrong at the position.
  func failure(_ reason: String) -> AttentionError {
    .malformedFile(file, reason: "header, at byte \(position): \(reason)")
  }

  /// What is next, as the end of a message.
  var found: String {
    guard let byte = next else { return ", found the end" }
    let character = Unicode.Scalar(byte)
    return character.isASCII ? ", found \(String(character).quoted)" : ", found the byte \(byte)"
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
