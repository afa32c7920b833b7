/// Literals of numbers (PTX ISA, section 4.5, "Constants").
enum NumberLiteral {
  /// Nil where the text is not a number.
  static func operand(_ text: Substring) -> OperandSyntax? {
    let isNegative = text.first == "-"
    let digits = isNegative ? text.dropFirst() : text
    let lower = digits.lowercased()
    if lower.hasPrefix("0f") && lower.count == 10 {
      guard let bits = UInt32(lower.dropFirst(2), radix: 16) else { return nil }
      return .float(isNegative ? bits ^ 0x8000_0000 : bits)
    }
    if lower.hasPrefix("0d") && lower.count == 18 {
      guard let bits = UInt64(lower.dropFirst(2), radix: 16) else { return nil }
      let number = Double(bitPattern: bits)
      return .double(isNegative ? -number : number)
    }
    if let magnitude = magnitude(lower) {
      let number = Int64(bitPattern: magnitude)
      return .integer(isNegative ? 0 &- number : number)
    }
    guard let number = Double(lower) else { return nil }
    return .double(isNegative ? -number : number)
  }

  private static func magnitude(_ lower: String) -> UInt64? {
    let digits = lower.hasSuffix("u") ? lower.dropLast() : lower[...]
    if digits.hasPrefix("0x") { return UInt64(digits.dropFirst(2), radix: 16) }
    if digits.hasPrefix("0b") { return UInt64(digits.dropFirst(2), radix: 2) }
    if digits.count > 1 && digits.hasPrefix("0") { return UInt64(digits, radix: 8) }
    return UInt64(digits)
  }
}
