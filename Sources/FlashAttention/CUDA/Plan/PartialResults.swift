import CUDADriver

/// Where parts of a result lie between the kernel that computes them and the one that merges them, all fp32 and dense:
/// outputs [splits, B, Hq, Sq, Dv], then log-sum-exps [splits, B, Hq, Sq].
struct PartialResults {
  let outputBytes: Int
  let byteCount: Int

  init(_ plan: CUDAAttentionPlan) {
    guard plan.splits > 1 else {
      outputBytes = 0
      byteCount = 0
      return
    }
    let shape = plan.descriptor.shape
    let rows = plan.splits * shape.batch * shape.queryHeads * shape.queryLength
    outputBytes = rows * shape.valueDimension * 4
    byteCount = outputBytes + rows * 4
  }
}
