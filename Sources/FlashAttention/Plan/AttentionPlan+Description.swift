extension AttentionPlan: CustomStringConvertible {
  /// What is asked, how it will be computed, what that costs beside standard attention, and which back ends were
  /// refused: several lines, without a line break at the end.
  public var description: String {
    var lines = [
      "problem          \(descriptor.shape), \(descriptor.elementType.rawValue)",
      "scores           \(PlanText.scores(descriptor))",
      "pass             \(direction.rawValue)",
      "back end         \(backend.rawValue)",
      "instruction set  \(instructionSet.rawValue)",
      "tiles            \(tiles.queryBlock) queries × \(tiles.keyBlock) keys\(split)",
      "threads          \(threads) of \(processor.cores) cores",
      "operations       \(PlanText.operations(cost.operations))",
      "",
    ]
    lines += comparison
    lines += ["", "refused"]
    lines += refusals.map { "  \(PlanText.padded($0.backend.rawValue, 14)) \($0.reason)" }
    return lines.joined(separator: "\n")
  }

  /// Into what the keys are split, where they are.
  private var split: String {
    guard direction == .forward && tiles.keysPerItem < descriptor.shape.keyLength else { return "" }
    return ", parts of \(tiles.keysPerItem) keys that are merged"
  }

  /// The predicted costs of flash and standard attention side by side.
  private var comparison: [String] {
    let flash = cost(of: .cpu)
    let standard = cost(of: .standard)
    return [
      PlanText.comparisonHeader,
      PlanText.comparison("main memory → level 3", flash.traffic.memory, standard.traffic.memory),
      PlanText.comparison("level 3 → level 2", flash.traffic.level3, standard.traffic.level3),
      PlanText.comparison("level 2 → level 1", flash.traffic.level2, standard.traffic.level2),
      PlanText.comparison("extra memory", Double(flash.extraBytes), Double(standard.extraBytes)),
    ]
  }
}
