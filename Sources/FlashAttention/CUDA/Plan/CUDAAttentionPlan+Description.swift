extension CUDAAttentionPlan: CustomStringConvertible {
  /// What is asked, how it will be computed, what that costs beside standard attention, and what was not chosen:
  /// several lines, without a line break at the end.
  public var description: String {
    let cost = cost
    var lines = [
      "problem          \(descriptor.shape), \(descriptor.elementType.rawValue)",
      "scores           \(PlanText.scores(descriptor))",
      "pass             forward",
      "back end         cuda",
      "device           \(device)",
      "kernel           \(kernelName)",
      "tiles            \(tiles)",
      "keys             \(keys)",
      "launch           \(launch)",
      "operations       \(PlanText.operations(cost.operations))",
      "cycles a step    \(cycles)",
      "",
      PlanText.comparisonHeader,
      PlanText.comparison("device memory", cost.flashBytes, cost.standardBytes),
      PlanText.comparison("extra memory", cost.flashExtraBytes, cost.standardExtraBytes),
      "",
      "refused",
    ]
    lines += refusals.map { "  \(PlanText.padded($0.alternative, 14)) \($0.reason)" }
    return lines.joined(separator: "\n")
  }

  private var tiles: String {
    let engine = usesWarpgroups ? "warpgroups" : "warps"
    let heads = headsPerTile > 1 ? ", \(headsPerTile) heads share a tile" : ""
    return "\(tile.rows) rows × \(tile.keys) keys, \(engine)\(heads)"
  }

  private var keys: String {
    if splits == 1 { return "not split" }
    return "\(splits) parts, merged by \(choice.combine?.name ?? "whoever computes the last of them")"
  }

  private var cycles: String {
    let budget = budget
    func percent(_ part: Double) -> String { "\(Int((part * 100).rounded())) %" }
    return """
      tensor \(Int(budget.tensor)), exponential \(Int(budget.exponential)), issue \(Int(budget.issue)), \
      shared memory \(Int(budget.shared)): tensor cores used \
      \(percent(budget.utilizationWithOverlap)) overlapped, \(percent(budget.utilizationWithoutOverlap)) one after the other
      """
  }

  private var launch: String {
    isEmpty
      ? "none, there is no query"
      : "\(blocks) blocks of \(threadsPerBlock) threads, \(ByteCount.description(sharedBytesPerBlock)) shared each"
  }
}
