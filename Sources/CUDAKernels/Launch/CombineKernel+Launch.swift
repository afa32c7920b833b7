extension CombineKernel {
  /// The launch that merges the parts of a problem's result.
  ///
  /// - Parameter problem: The problem, with its parts.
  public func launch(_ problem: ForwardProblem) -> KernelLaunch {
    guard let parts = problem.parts, let output = problem.operands[.output],
      let logSumExp = problem.operands[.logSumExp]
    else { preconditionFailure("the kernel \(name) reads parts and writes results") }
    let rows = problem.batch * problem.queryHeads * problem.queryLength
    let arguments = CombineParameter.allCases.map { parameter -> LaunchArgument in
      switch parameter {
      case .partialOutput: .word64(parts.output)
      case .partialLogSumExp: .word64(parts.logSumExp)
      case .output: .word64(output.address)
      case .logSumExp: .word64(logSumExp.address)
      case .batchStride: .stride(output.strides[0])
      case .headStride: .stride(output.strides[1])
      case .rowStride: .stride(output.strides[2])
      case .elementStride: .stride(output.strides[3])
      case .heads: .integer(problem.queryHeads)
      case .queryLength: .integer(problem.queryLength)
      case .rows: .integer(rows)
      case .splits: .integer(problem.splits)
      }
    }
    return KernelLaunch(
      name: name, blocks: (rows + Self.rowsPerBlock - 1) / Self.rowsPerBlock, threads: Self.threads, sharedBytes: 0,
      arguments: arguments)
  }
}
