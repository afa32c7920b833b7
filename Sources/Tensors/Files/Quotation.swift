extension String {
  /// The text between quotes for a one-line message: cut where it is long, with characters that do not print, or that
  /// steer a terminal, as their code points.
  var quoted: String {
    let limit = 64
    let scalars = unicodeScalars.prefix(limit).map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
        "\\u{\(String(scalar.value, radix: 16))}"
      default:
        scalar == "\"" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
      }
    }
    let isCut = unicodeScalars.dropFirst(limit).first != nil
    return "\"" + scalars.joined() + (isCut ? "…" : "") + "\""
  }
}

extension Sequence<String> {
  /// The texts between quotes, as a list of bounded length.
  func quotedList(limit: Int = 8) -> String {
    let all = Array(self)
    let shown = all.prefix(limit).map(\.quoted).joined(separator: ", ")
    return all.count > limit ? "\(shown) and \(all.count - limit) more" : shown
  }
}
