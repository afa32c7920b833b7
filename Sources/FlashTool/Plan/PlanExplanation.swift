import FlashAttention

/// What `flash plan` tells of one plan: the plan's own description, and the back ends that this version lacks.
struct PlanExplanation: CustomStringConvertible {
  let plan: AttentionPlan

  var description: String {
    "\(plan)\n  \(BackendChoice.cuda.rawValue.padded(to: 14)) \(BackendChoice.cudaRefusal)"
  }

  var json: JSONText {
    let refusals =
      plan.refusals.map { ($0.backend.rawValue, $0.reason) } + [
        (BackendChoice.cuda.rawValue, BackendChoice.cudaRefusal)
      ]
    return .object([
      ("shape", .array(plan.descriptor.shape.sizes.map { .integer($0) })),
      ("dtype", .text(plan.descriptor.elementType.rawValue)),
      ("mask", .text(plan.descriptor.mask.description)),
      ("direction", .text(plan.direction.rawValue)),
      ("backend", .text(plan.backend.rawValue)),
      ("isa", .text(plan.instructionSet.rawValue)),
      ("query_block", .integer(plan.tiles.queryBlock)),
      ("key_block", .integer(plan.tiles.keyBlock)),
      ("keys_per_item", .integer(plan.tiles.keysPerItem)),
      ("threads", .integer(plan.threads)),
      ("flops", .number(plan.operations)),
      ("flash", Self.json(plan.cost(of: .cpu))),
      ("standard", Self.json(plan.cost(of: .standard))),
      ("refused", .object(refusals.map { ($0.0, .text($0.1)) })),
    ])
  }

  private static func json(_ cost: AttentionCost) -> JSONText {
    .object([
      ("memory_bytes", .number(cost.traffic.memory)), ("level3_bytes", .number(cost.traffic.level3)),
      ("level2_bytes", .number(cost.traffic.level2)), ("extra_bytes", .integer(cost.extraBytes)),
    ])
  }
}
