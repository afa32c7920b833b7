extension AttentionPlan: CustomStringConvertible {
  /// What is asked, how it will be computed, what that costs beside standard attention, and which back ends were
  /// refused: several lines, without a line break at the end.
  public var description: String {
    var lines = [
      "problem          \(descriptor.shape), \(descriptor.elementType.rawValue)",
      "scores           \(scores)",
      "pass             \(direction.rawValue)",
      "back end         \(backend.rawValue)",
      "instruction set  \(instructionSet.rawValue)",
      "tiles            \(tiles.queryBlock) queries × \(tiles.keyBlock) keys\(split)",
      "threads          \(threads) of \(processor.cores) cores",
      "operations       \(Self.operations(cost.operations))",
      "",
    ]
    lines += comparison
    lines += ["", "refused"]
    lines += refusals.map { "  \(Self.padded($0.backend.rawValue, 14)) \($0.reason)" }
    return lines.joined(separator: "\n")
  }

  /// Into what the keys are split, where they are.
  private var split: String {
    guard direction == .forward && tiles.keysPerItem < descriptor.shape.keyLength else { return "" }
    return ", parts of \(tiles.keysPerItem) keys that are merged"
  }

  /// What happens to the scores before the softmax.
  private var scores: String {
    var parts = ["mask \(descriptor.mask)"]
    if let softcap = descriptor.softcap { parts.append("softcap \(softcap)") }
    if descriptor.hasBooleanMask { parts.append("boolean mask") }
    if let biasType = descriptor.biasType { parts.append("bias \(biasType.rawValue)") }
    return parts.joined(separator: ", ")
  }

  /// The predicted costs of flash and standard attention side by side.
  private var comparison: [String] {
    let flash = cost(of: .cpu)
    let standard = cost(of: .standard)
    func bytes(_ count: Double) -> String {
      Int(exactly: count.rounded()).map(ByteCount.description) ?? "\(count) bytes"
    }
    func line(_ name: String, _ flash: Double, _ standard: Double) -> String {
      let ratio = flash > 0 ? "\(Decimals.description(standard / flash, places: 1))×" : "–"
      return Self.row(name, bytes(flash), bytes(standard), ratio)
    }
    return [
      Self.row("predicted", "flash", "standard", "standard / flash"),
      line("main memory → level 3", flash.traffic.memory, standard.traffic.memory),
      line("level 3 → level 2", flash.traffic.level3, standard.traffic.level3),
      line("level 2 → level 1", flash.traffic.level2, standard.traffic.level2),
      line("extra memory", Double(flash.extraBytes), Double(standard.extraBytes)),
    ]
  }

  private static func row(_ name: String, _ flash: String, _ standard: String, _ ratio: String) -> String {
    padded(name, 22) + leading(flash, 14) + leading(standard, 14) + leading(ratio, 18)
  }

  private static func operations(_ count: Double) -> String {
    count < 1e9
      ? "\(Decimals.description(count / 1e6, places: 3)) MFLOP"
      : "\(Decimals.description(count / 1e9, places: 3)) GFLOP"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }

  private static func leading(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
