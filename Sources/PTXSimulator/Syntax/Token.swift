/// The smallest piece of PTX text that has a meaning.
struct Token: Equatable {
  enum Kind: Equatable {
    /// A name, an opcode with its modifiers, a directive, or a register.
    case word
    /// A literal, with its sign.
    case number
    /// One character that separates.
    case punctuation
    /// Text between quotation marks.
    case string
  }

  let kind: Kind
  let text: Substring
  /// Counted from one.
  let line: Int
}
