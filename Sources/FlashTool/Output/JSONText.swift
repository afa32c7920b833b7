/// A JSON value whose members keep their order, written on one line.
enum JSONText: Sendable, CustomStringConvertible {
  case text(String)
  case integer(Int)
  case number(Double)
  case truth(Bool)
  case absent
  case array([JSONText])
  case object([(String, JSONText)])

  var description: String {
    switch self {
    case .text(let text): text.jsonLiteral
    case .integer(let value): String(value)
    // JSON has no infinities and no NaN.
    case .number(let value): value.isFinite ? String(value) : "null"
    case .truth(let value): String(value)
    case .absent: "null"
    case .array(let elements): "[" + elements.map(\.description).joined(separator: ", ") + "]"
    case .object(let members):
      "{" + members.map { "\($0.0.jsonLiteral): \($0.1)" }.joined(separator: ", ") + "}"
    }
  }
}

extension JSONText {
  /// The text, or `null`.
  static func text(_ text: String?) -> JSONText { text.map { .text($0) } ?? .absent }
}
