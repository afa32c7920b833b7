import FlashAttention

/// One problem that back ends are compared on.
struct BenchCase {
  let shape: AttentionShape
  let elementType: AttentionElementType
  let mask: MaskSelection
  let direction: DirectionChoice

  /// The plans of a back end for every pass that is run, timed or not, checked against the machine's memory.
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the back end cannot serve the problem here.
  func plans(_ options: ExecutionOptions) throws -> [PassPlan] {
    let descriptor = try AttentionDescriptor(shape: shape, elementType: elementType, mask: mask.mask())
    // The gradient alone still needs what the forward pass returns.
    let passes: [AttentionDirection] = direction == .forward ? [.forward] : [.forward, .backward]
    let plans = try passes.map { try PassPlan(descriptor, $0, options: options) }
    try MemoryCheck.require(plans, inputBytes: inputBytes)
    return plans
  }

  private var inputBytes: Int {
    let inputs = [shape.queries, shape.keys, shape.values] + (direction == .forward ? [] : [shape.output])
    return inputs.map { MemoryCheck.count($0) * elementType.byteCount }.reduce(0, +)
  }

  func operations() throws -> Double {
    try direction.operations(shape, mask: mask.mask())
  }

  /// The sizes as the option `--shape` takes them.
  var shapeText: String { shape.sizes.map(String.init).joined(separator: ",") }
}

extension BenchCase {
  /// What all cases of one table have in common.
  var heading: String { "\(elementType.rawValue), \(direction.rawValue), mask \(mask)" }

  /// What was run, as reports in JSON begin.
  func jsonMembers(_ plan: PassPlan) -> [(String, JSONText)] {
    var members: [(String, JSONText)] = [
      ("backend", .text(plan.backend.rawValue)), ("isa", .text(plan.instructionSet)),
      ("shape", .array(shape.sizes.map { .integer($0) })), ("dtype", .text(elementType.rawValue)),
      ("mask", .text(mask.choice.rawValue)),
    ]
    if let window = mask.window { members.append(("window", .text(window.description))) }
    return members + [("direction", .text(direction.rawValue)), ("threads", .integer(plan.threads))]
  }
}
