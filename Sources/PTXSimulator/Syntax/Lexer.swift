/// Cuts PTX text into tokens (PTX ISA, section 4, "Syntax"); comments are left out.
struct Lexer {
  private let bytes: Substring.UTF8View
  private let text: String
  private var index: String.Index
  private var line = 1

  init(_ text: String) {
    self.text = text
    bytes = text[...].utf8
    index = text.startIndex
  }

  /// All tokens of the text.
  static func tokens(of text: String) throws -> [Token] {
    var lexer = Lexer(text)
    var tokens: [Token] = []
    while let token = try lexer.next() { tokens.append(token) }
    return tokens
  }

  private func peek(_ distance: Int = 0) -> UInt8? {
    var position = index
    for _ in 0..<distance {
      guard position < bytes.endIndex else { return nil }
      bytes.formIndex(after: &position)
    }
    return position < bytes.endIndex ? bytes[position] : nil
  }

  private mutating func skip() {
    if bytes[index] == UInt8(ascii: "\n") { line += 1 }
    bytes.formIndex(after: &index)
  }

  private mutating func skipSpace() throws {
    while let byte = peek() {
      if byte == UInt8(ascii: " ") || (9...13).contains(byte) {
        skip()
      } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "/") {
        while let next = peek(), next != UInt8(ascii: "\n") { skip() }
      } else if byte == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "*") {
        let start = line
        while !(peek() == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) {
          guard peek() != nil else { throw SimulationError.syntax(line: start, reason: "a comment does not end") }
          skip()
        }
        skip()
        skip()
      } else {
        return
      }
    }
  }

  private mutating func next() throws -> Token? {
    try skipSpace()
    guard let byte = peek() else { return nil }
    let start = index
    let startLine = line
    let kind: Token.Kind
    if byte == UInt8(ascii: "\"") {
      skip()
      while let next = peek(), next != UInt8(ascii: "\"") { skip() }
      if peek() == nil { throw SimulationError.syntax(line: startLine, reason: "a string does not end") }
      skip()
      kind = .string
    } else if Self.isDigit(byte) || (byte == UInt8(ascii: "-") && peek(1).map(Self.isDigit) == true) {
      skip()
      while let next = peek(), Self.continuesNumber(next) { skip() }
      kind = .number
    } else if Self.beginsWord(byte) {
      skip()
      while let next = peek(), try continuesWord(next) { skip() }
      kind = .word
    } else if byte < 128 {
      skip()
      kind = .punctuation
    } else {
      throw SimulationError.syntax(line: line, reason: "a character that PTX does not have")
    }
    return Token(kind: kind, text: text[start..<index], line: startLine)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & 0xdf) }

  private static func continuesNumber(_ byte: UInt8) -> Bool {
    isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: ".")
  }

  private static func beginsWord(_ byte: UInt8) -> Bool {
    isLetter(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "%")
      || byte == UInt8(ascii: ".")
  }

  /// Two colons join the parts of a modifier, one ends a label.
  private mutating func continuesWord(_ byte: UInt8) throws -> Bool {
    if Self.beginsWord(byte) || Self.isDigit(byte) { return true }
    guard byte == UInt8(ascii: ":"), peek(1) == UInt8(ascii: ":") else { return false }
    skip()
    return true
  }
}
