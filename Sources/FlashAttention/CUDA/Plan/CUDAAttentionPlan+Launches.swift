import CUDADriver
import CUDAKernels

extension CUDAAttentionPlan {
  /// The launches of a call in their order: none where there is nothing to compute, two where keys are split.
  ///
  /// - Parameters:
  ///   - operands: Of the plan's layout.
  ///   - workspace: The address of ``workspaceBytes`` bytes.
  func launches(_ operands: CUDAOperands, workspace: UInt64) -> [KernelLaunch] {
    if isEmpty { return [] }
    var problem = problem(operands)
    let parts = CUDAWorkspace(self)
    if parts.hasCounter { problem.counter = workspace + UInt64(parts.partialBytes) }
    guard let combine = choice.combine, let output = problem.operands[.output] else {
      return [choice.launch(problem)]
    }
    let partialLogSumExp = workspace + UInt64(parts.outputBytes)
    problem.operands[.output] = ForwardProblem.Operand(address: workspace)
    problem.operands[.logSumExp] = ForwardProblem.Operand(address: partialLogSumExp)
    return [
      choice.launch(problem),
      combine.launch(problem, output: output, logSumExp: operands.logSumExp.rawValue),
    ]
  }

  /// The problem that operands pose, with strides in bytes.
  private func problem(_ operands: CUDAOperands) -> ForwardProblem {
    let shape = descriptor.shape
    func half(_ operand: CUDAOperand, _ axes: Axes) -> ForwardProblem.Operand {
      ForwardProblem.Operand(address: operand.pointer.rawValue, strides: Self.byteStrides(operand.strides, axes))
    }
    var all: [ForwardParameter.Operand: ForwardProblem.Operand] = [
      .query: half(operands.queries, shape.queryAxes), .key: half(operands.keys, shape.keyAxes),
      .value: half(operands.values, shape.valueAxes), .output: half(operands.output, shape.outputAxes),
      .logSumExp: ForwardProblem.Operand(address: operands.logSumExp.rawValue),
    ]
    func addend(_ operand: CUDAOperand, _ size: Int) -> ForwardProblem.Operand {
      let strides = operand.strides
      return ForwardProblem.Operand(
        address: operand.pointer.rawValue,
        strides: [strides.batch, strides.head, strides.row, strides.column].map { $0 * size })
    }
    if let mask = operands.booleanMask { all[.mask] = addend(mask, 1) }
    if let bias = operands.bias, let type = descriptor.biasType { all[.bias] = addend(bias, type.byteCount) }
    return ForwardProblem(
      batch: shape.batch, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
      queryLength: shape.queryLength, keyLength: shape.keyLength, scale: descriptor.scale,
      softcap: descriptor.softcap,
      diagonal: descriptor.mask.diagonal(queryLength: shape.queryLength, keyLength: shape.keyLength),
      left: descriptor.mask.left, right: descriptor.mask.right, operands: all, splits: choice.splits)
  }

  /// Strides in bytes. Along an axis of one element, and where there is no element at all, any stride does; the one that is
  /// taken suits a tensor map.
  private static func byteStrides(_ strides: CUDAStrides, _ axes: Axes) -> [Int] {
    let isEmpty = axes.batch == 0 || axes.heads == 0 || axes.rows == 0
    return [(strides.batch, axes.batch), (strides.head, axes.heads), (strides.row, axes.rows)].map { stride, size in
      size > 1 && !isEmpty ? stride * 2 : 16
    } + [axes.columns > 1 && !isEmpty ? strides.column * 2 : 2]
  }
}
