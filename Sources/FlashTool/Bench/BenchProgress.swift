/// Tells on standard error what is being measured: on a terminal in one line that changes, elsewhere in a line a case.
struct BenchProgress {
  let isQuiet: Bool
  let isTerminal: Bool

  /// Announces a case.
  func begin(_ name: String) {
    if isQuiet || isTerminal { return }
    StandardError.write("measuring \(name)\n")
  }

  /// Says how far a case is.
  func update(_ name: String, _ state: String) {
    if isQuiet || !isTerminal { return }
    StandardError.write("\r\u{1B}[K\(name): \(state)")
  }

  /// Removes the line, to make room for results.
  func clear() {
    if isQuiet || !isTerminal { return }
    StandardError.write("\r\u{1B}[K")
  }
}
