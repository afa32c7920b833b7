import FlashAttention

/// What `flash attend` says about a call that went well.
struct AttendReport: CustomStringConvertible {
  let plan: AttentionPlan
  /// The time of the computation, without reading and writing files.
  let seconds: Double

  var description: String {
    let threads = plan.threads == 1 ? "1 thread" : "\(plan.threads) threads"
    let pass = plan.direction == .forward ? "" : " with gradients"
    return """
      \(plan.descriptor.shape), \(plan.descriptor.elementType.rawValue), mask \(plan.descriptor.mask): \
      \(plan.backend.rawValue), \(plan.instructionSet.rawValue), \(threads), \
      \(Seconds.description(seconds))\(pass)
      """
  }
}
