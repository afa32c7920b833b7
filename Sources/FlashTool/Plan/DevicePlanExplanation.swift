import FlashAttention

/// What `flash plan --device` tells of one plan.
struct DevicePlanExplanation: CustomStringConvertible {
  let plan: CUDAAttentionPlan

  var description: String { plan.description }

  var json: JSONText {
    let cost = plan.cost
    let budget = plan.budget
    return .object([
      ("shape", .array(plan.descriptor.shape.sizes.map { .integer($0) })),
      ("dtype", .text(plan.descriptor.elementType.rawValue)),
      ("mask", .text(plan.descriptor.mask.description)),
      ("direction", .text(AttentionDirection.forward.rawValue)),
      ("backend", .text(Backend.cuda.rawValue)),
      ("device", .text(plan.device.name)),
      ("capability", .text(plan.device.capability)),
      ("isa", .text(plan.instructionSet)),
      ("kernels", .array(plan.modules.map { .text($0.kernel) })),
      ("row_block", .integer(plan.tile.rows)),
      ("key_block", .integer(plan.tile.keys)),
      ("heads_per_tile", .integer(plan.headsPerTile)),
      ("splits", .integer(plan.splits)),
      ("blocks", .integer(plan.blocks)),
      ("threads_per_block", .integer(plan.threadsPerBlock)),
      ("shared_bytes_per_block", .integer(plan.sharedBytesPerBlock)),
      ("flops", .number(cost.operations)),
      (
        "step_cycles",
        .object([
          ("tensor", .number(budget.tensor)), ("exponential", .number(budget.exponential)),
          ("issue", .number(budget.issue)), ("shared", .number(budget.shared)),
        ])
      ),
      (
        "tensor_utilization",
        .object([
          ("overlapped", .number(budget.utilizationWithOverlap)),
          ("one_after_the_other", .number(budget.utilizationWithoutOverlap)),
        ])
      ),
      ("flash", Self.json(cost.flashBytes, cost.flashExtraBytes)),
      ("standard", Self.json(cost.standardBytes, cost.standardExtraBytes)),
      ("refused", .object(plan.refusals.map { ($0.alternative, .text($0.reason)) })),
    ])
  }

  private static func json(_ bytes: Double, _ extraBytes: Double) -> JSONText {
    .object([("device_memory_bytes", .number(bytes)), ("extra_bytes", .number(extraBytes))])
  }
}
