import FlashAttention

/// The elements of an SVG drawing as text.
enum SVG {
  /// Which point of a text its position is.
  enum Anchor: String {
    case start, middle, end
  }

  static func text(_ text: String, x: Double, y: Double, class name: String, anchor: Anchor = .start) -> String {
    "<text x=\"\(number(x))\" y=\"\(number(y))\" class=\"\(name)\" text-anchor=\"\(anchor.rawValue)\">"
      + "\(escaped(text))</text>"
  }

  static func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) -> String {
    "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" class=\"\(name)\"/>"
  }

  static func polyline(_ points: [(Double, Double)], class name: String) -> String {
    let coordinates = points.map { "\(number($0.0)),\(number($0.1))" }.joined(separator: " ")
    return "<polyline points=\"\(coordinates)\" class=\"\(name)\"/>"
  }

  static func circle(_ x: Double, _ y: Double, radius: Double, class name: String) -> String {
    "<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"\(number(radius))\" class=\"\(name)\"/>"
  }

  /// The text with the characters that mean something in XML as entities, and without those that XML forbids.
  static func escaped(_ text: String) -> String {
    text.unicodeScalars.map { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "\u{0}"..<"\u{20}": " "
      default: String(scalar)
      }
    }.joined()
  }

  private static func number(_ value: Double) -> String { Decimals.description(value, places: 1) }
}
