/// How plans are written: names with values beside them, and columns of predicted costs.
enum PlanText {
  /// What happens to the scores before the softmax.
  static func scores(_ descriptor: AttentionDescriptor) -> String {
    var parts = ["mask \(descriptor.mask)"]
    if let softcap = descriptor.softcap { parts.append("softcap \(softcap)") }
    if descriptor.hasBooleanMask { parts.append("boolean mask") }
    if let biasType = descriptor.biasType { parts.append("bias \(biasType.rawValue)") }
    return parts.joined(separator: ", ")
  }

  static func operations(_ count: Double) -> String {
    count < 1e9
      ? "\(Decimals.description(count / 1e6, places: 3)) MFLOP"
      : "\(Decimals.description(count / 1e9, places: 3)) GFLOP"
  }

  /// The heads of the columns of ``comparison(_:_:_:)``.
  static let comparisonHeader = row("predicted", "flash", "standard", "standard / flash")

  /// The bytes of flash and of standard attention side by side.
  static func comparison(_ name: String, _ flash: Double, _ standard: Double) -> String {
    let ratio = flash > 0 ? "\(Decimals.description(standard / flash, places: 1))×" : "–"
    return row(name, bytes(flash), bytes(standard), ratio)
  }

  static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }

  private static func bytes(_ count: Double) -> String {
    Int(exactly: count.rounded()).map(ByteCount.description) ?? "\(count) bytes"
  }

  private static func row(_ name: String, _ flash: String, _ standard: String, _ ratio: String) -> String {
    padded(name, 22) + leading(flash, 14) + leading(standard, 14) + leading(ratio, 18)
  }

  private static func leading(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
