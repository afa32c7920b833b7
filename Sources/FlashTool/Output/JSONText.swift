/// A JSON value whose members keep their order, written on one line.
enum JSONText: CustomStringConvertible {
  case text(String)
  case integer(Int)
  case number(Double)
  case truth(Bool)
  case absent
  case array([JSONText])
  case object([(String, JSONText)])

  var description: String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .integer(let value): String(value)
    // JSON has no infinities and no NaN.
    case .number(let value): value.isFinite ? String(value) : "null"
    case .truth(let value): String(value)
    case .absent: "null"
    case .array(let elements): "[" + elements.map(\.description).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\(Self.quoted($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": literal += "\\\(scalar)"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}

extension JSONText {
  /// The text, or `null`.
  static func text(_ text: String?) -> JSONText { text.map { .text($0) } ?? .absent }
}
