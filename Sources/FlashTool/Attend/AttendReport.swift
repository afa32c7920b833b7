import FlashAttention

/// What `flash attend` says about a call that went well.
struct AttendReport: CustomStringConvertible {
  let plan: PassPlan
  /// The time of the computation, without reading and writing files.
  let seconds: Double

  var description: String {
    let pass = plan.direction == .forward ? "" : " with gradients"
    return """
      \(plan.descriptor.shape), \(plan.descriptor.elementType.rawValue), mask \(plan.descriptor.mask): \
      \(plan.backend.rawValue), \(plan.instructionSet), \(plan.place), \
      \(Seconds.description(seconds))\(pass)
      """
  }
}
