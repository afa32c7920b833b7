extension CombineKernel {
  /// The launch that merges the parts of a problem's result.
  ///
  /// - Parameters:
  ///   - problem: The problem, whose operands `output` and `logSumExp` are those of the parts.
  ///   - output: Where the result goes.
  ///   - logSumExp: Where the log-sum-exp goes.
  public func launch(
    _ problem: ForwardProblem, output: ForwardProblem.Operand, logSumExp: UInt64
  ) -> KernelLaunch {
    let rows = problem.batch * problem.queryHeads * problem.queryLength
    let arguments = CombineParameter.allCases.map { parameter -> LaunchArgument in
      switch parameter {
      case .partialOutput: .word64(problem.operands[.output]?.address ?? 0)
      case .partialLogSumExp: .word64(problem.operands[.logSumExp]?.address ?? 0)
      case .output: .word64(output.address)
      case .logSumExp: .word64(logSumExp)
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
