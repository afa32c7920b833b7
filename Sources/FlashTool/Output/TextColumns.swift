extension String {
  /// The text with blanks after it, `width` characters wide; longer texts stay whole.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(width - count, 0))
  }

  /// The text with blanks before it, `width` characters wide; longer texts stay whole.
  func rightAligned(to width: Int) -> String {
    String(repeating: " ", count: max(width - count, 0)) + self
  }
}
