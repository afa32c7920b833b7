import CUDADriver

/// The device memory of a prepared call, beyond operands and results.
///
/// Where keys are split, parts of the result lie there between the kernel that computes them and the one that merges them, all
/// fp32 and dense: outputs [splits, B, Hq, Sq, Dv], then log-sum-exps [splits, B, Hq, Sq]. Where blocks of threads take tiles
/// from a counter, it comes last: 32 bits, zero between launches.
struct CUDAWorkspace {
  let outputBytes: Int
  /// The bytes of the parts.
  let partialBytes: Int
  let hasCounter: Bool

  static let counterBytes = 4

  init(_ plan: CUDAAttentionPlan) {
    hasCounter = plan.choice.kernel.takesTilesFromCounter
    guard plan.splits > 1 else {
      outputBytes = 0
      partialBytes = 0
      return
    }
    let shape = plan.descriptor.shape
    let rows = plan.splits * shape.batch * shape.queryHeads * shape.queryLength
    outputBytes = rows * shape.valueDimension * 4
    partialBytes = outputBytes + rows * 4
  }

  var byteCount: Int { partialBytes + (hasCounter ? Self.counterBytes : 0) }
}
