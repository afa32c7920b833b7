import FlashAttention

/// What `flash plan` tells of one plan.
struct PlanExplanation: CustomStringConvertible {
  let plan: AttentionPlan

  var description: String { plan.description }

  var json: JSONText {
    .object([
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
      ("refused", .object(plan.refusals.map { ($0.backend.rawValue, .text($0.reason)) })),
    ])
  }

  private static func json(_ cost: AttentionCost) -> JSONText {
    .object([
      ("memory_bytes", .number(cost.traffic.memory)), ("level3_bytes", .number(cost.traffic.level3)),
      ("level2_bytes", .number(cost.traffic.level2)), ("extra_bytes", .integer(cost.extraBytes)),
    ])
  }
}
