import CUDADriver
import CUDAKernels

extension CUDAAttentionPlan {
  /// The launches of a call in their order: none where there is nothing to compute, two where a kernel merges parts.
  ///
  /// - Parameters:
  ///   - operands: Of the plan's layout.
  ///   - workspace: The address of ``workspaceBytes`` bytes.
  func launches(_ operands: CUDAOperands, workspace: UInt64) -> [KernelLaunch] {
    if isEmpty { return [] }
    var problem = problem(operands)
    let places = CUDAWorkspace(self)
    let counters = workspace + UInt64(places.partialBytes)
    if splits > 1 {
      problem.parts = ForwardProblem.Parts(
        output: workspace, logSumExp: workspace + UInt64(places.outputBytes), arrivals: counters)
    }
    if places.hasCounter { problem.counter = counters + UInt64(places.arrivalBytes) }
    return [choice.launch(problem)] + (choice.combine.map { [$0.launch(problem)] } ?? [])
  }

  /// The problem that operands pose, with strides in bytes.
  private func problem(_ operands: CUDAOperands) -> ForwardProblem {
    let shape = descriptor.shape
    // The stride of an axis of one element may be any number, and is not used.
    func inBytes(_ operand: CUDAOperand, _ size: Int) -> ForwardProblem.Operand {
      let strides = operand.strides
      return ForwardProblem.Operand(
        address: operand.pointer.rawValue,
        strides: [strides.batch, strides.head, strides.row, strides.column].map { $0 &* size })
    }
    var all: [ForwardParameter.Operand: ForwardProblem.Operand] = [
      .query: inBytes(operands.queries, 2), .key: inBytes(operands.keys, 2),
      .value: inBytes(operands.values, 2), .output: inBytes(operands.output, 2),
      .logSumExp: ForwardProblem.Operand(address: operands.logSumExp.rawValue),
    ]
    if let mask = operands.booleanMask { all[.mask] = inBytes(mask, 1) }
    if let bias = operands.bias, let type = descriptor.biasType { all[.bias] = inBytes(bias, type.byteCount) }
    return ForwardProblem(
      batch: shape.batch, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
      queryLength: shape.queryLength, keyLength: shape.keyLength, scale: descriptor.scale,
      softcap: descriptor.softcap,
      diagonal: descriptor.mask.diagonal(queryLength: shape.queryLength, keyLength: shape.keyLength),
      left: descriptor.mask.left, right: descriptor.mask.right, operands: all, splits: choice.splits)
  }
}
