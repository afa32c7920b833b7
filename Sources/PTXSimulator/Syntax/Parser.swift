/// Reads the text of a module into a tree.
///
/// What only debuggers or linkers need is skipped; what changes the meaning of a kernel and is not understood is an
/// error.
struct Parser {
  private let tokens: [Token]
  private var position = 0
  var module = ModuleSyntax()
  /// The kernel that is being read.
  var kernel: KernelSyntax?
  /// Registers by name, the innermost scope last.
  var scopes: [RegisterScope] = []

  private init(tokens: [Token]) { self.tokens = tokens }

  static func module(_ text: String) throws -> ModuleSyntax {
    var parser = Parser(tokens: try Lexer.tokens(of: text))
    try parser.readModule()
    return parser.module
  }

  // MARK: Tokens

  /// The line of the token that comes next, or of the last one.
  var line: Int { position < tokens.count ? tokens[position].line : tokens.last?.line ?? 1 }

  var current: Token? { position < tokens.count ? tokens[position] : nil }

  func isNext(_ text: String) -> Bool { current?.text == text[...] && current?.kind != .string }

  mutating func take() throws -> Token {
    guard let token = current else { throw error("the text ends too early") }
    position += 1
    return token
  }

  mutating func takeIf(_ text: String) -> Bool {
    guard isNext(text) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ text: String) throws {
    guard takeIf(text) else { throw error("expected \(text), found \(current?.text ?? "the end")") }
  }

  mutating func takeWord() throws -> String {
    let token = try take()
    guard token.kind == .word else { throw error("expected a name, found \(token.text)") }
    return String(token.text)
  }

  /// A number that is not negative, of a declaration.
  mutating func takeCount() throws -> Int {
    let token = try take()
    guard token.kind == .number, case .integer(let number)? = NumberLiteral.operand(token.text), number >= 0 else {
      throw error("expected a number, found \(token.text)")
    }
    return Int(number)
  }

  /// Goes on behind the next semicolon.
  mutating func skipStatement() throws { while try take().text != ";" {} }

  /// Goes on behind the brace that closes the next one.
  mutating func skipBraces() throws {
    while try take().text != "{" {}
    var depth = 1
    while depth > 0 {
      let text = try take().text
      depth += text == "{" ? 1 : text == "}" ? -1 : 0
    }
  }

  /// Goes on in the next line.
  mutating func skipLine() {
    let start = line
    while let token = current, token.line == start { position += 1 }
  }

  /// The tokens from a position up to the current one, as one line of text.
  func text(from start: Int) -> String {
    var text = ""
    var end: Substring.Index?
    for token in tokens[start..<position] {
      if let end, end != token.text.startIndex { text += " " }
      text += token.text
      end = token.text.endIndex
    }
    return text
  }

  var bookmark: Int { position }

  func error(_ reason: String) -> SimulationError { .syntax(line: line, reason: reason) }
}
