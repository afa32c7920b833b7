import CUDADriver

/// The device memory of a prepared call, beyond operands and results.
///
/// Where keys are split, parts of the result lie there until they are merged, all fp32 and dense: outputs [splits, B,
/// Hq, Sq, Dv], then log-sum-exps [splits, B, Hq, Sq]. Counters of 32 bits follow, zero between launches: of the parts
/// that are there, where those who compute them merge them, and of the tiles that are taken, where blocks of threads
/// take them from a counter.
struct CUDAWorkspace {
  let outputBytes: Int
  /// The bytes of the parts.
  let partialBytes: Int
  /// The bytes of the counters of parts.
  let arrivalBytes: Int
  let hasCounter: Bool

  init(_ plan: CUDAAttentionPlan) {
    hasCounter = plan.choice.kernel.takesTilesFromCounter
    arrivalBytes = plan.choice.arrivalCount * 4
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

  /// The bytes of all counters.
  var counterBytes: Int { arrivalBytes + (hasCounter ? 4 : 0) }

  var byteCount: Int { partialBytes + counterBytes }
}
