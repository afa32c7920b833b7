import KernelIntrinsics

extension AttentionPlan {
  /// Runs the plan of a forward pass into a result that is used again.
  ///
  /// The plan may be run any number of times, by several threads at once too. Where `result` has the shapes of the call
  /// and nothing else refers to its elements, they are overwritten; otherwise it gets new ones. With the back end
  /// ``Backend/cpu`` such a call neither allocates memory nor takes a lock in steady state, after equal calls on the
  /// same threads, but for scratch memory beyond 64 MiB, which is not kept.
  ///
  /// - Parameters:
  ///   - queries: Q, [B, Hq, Sq, D], as in
  ///     ``scaledDotProductAttention(queries:keys:values:scale:mask:booleanMask:bias:softcap:options:)``.
  ///   - keys: K, [B, Hkv, Sk, D].
  ///   - values: V, [B, Hkv, Sk, Dv].
  ///   - booleanMask: A mask that broadcasts to [B, Hq, Sq, Sk], where the descriptor has one; nil where it has none.
  ///   - bias: A bias that broadcasts to [B, Hq, Sq, Sk], of the descriptor's type; nil where it has none.
  ///   - result: What the call returns; its elements when the call is made have no meaning.
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the argument that does not fit the
  ///   descriptor, or `plan` where it is one of a backward pass; ``AttentionError/unavailable(_:reason:)`` where there
  ///   is not enough memory.
  public func attend<Element: AttentionElement>(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    booleanMask: TensorView<Bool>? = nil, bias: AttentionBias? = nil, into result: inout AttentionResult<Element>
  ) throws {
    let operands = try AttentionOperands(
      descriptor, queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
    try attend(operands, into: &result)
  }

  /// Runs the plan of a forward pass.
  ///
  /// - Parameters:
  ///   - queries: Q, [B, Hq, Sq, D], as in
  ///     ``scaledDotProductAttention(queries:keys:values:scale:mask:booleanMask:bias:softcap:options:)``.
  ///   - keys: K, [B, Hkv, Sk, D].
  ///   - values: V, [B, Hkv, Sk, Dv].
  ///   - booleanMask: A mask that broadcasts to [B, Hq, Sq, Sk], where the descriptor has one; nil where it has none.
  ///   - bias: A bias that broadcasts to [B, Hq, Sq, Sk], of the descriptor's type; nil where it has none.
  /// - Returns: The output and the log-sum-exp of every row.
  /// - Throws: As ``attend(queries:keys:values:booleanMask:bias:into:)``.
  public func attend<Element: AttentionElement>(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    booleanMask: TensorView<Bool>? = nil, bias: AttentionBias? = nil
  ) throws -> AttentionResult<Element> {
    try attend(
      AttentionOperands(
        descriptor, queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias))
  }

  /// Runs the plan with checked operands.
  func attend<Element: AttentionElement>(_ operands: AttentionOperands<Element>) throws -> AttentionResult<Element> {
    let shape = descriptor.shape
    var result = AttentionResult<Element>(
      output: try Tensor(unwritten: shape.output), logSumExp: try Tensor(unwritten: shape.rows))
    try attend(operands, into: &result)
    return result
  }

  private func attend<Element: AttentionElement>(
    _ operands: AttentionOperands<Element>, into result: inout AttentionResult<Element>
  ) throws {
    try require(.forward)
    let shape = descriptor.shape
    if !shape.outputAxes.match(result.output.shape) { result.output = try Tensor(unwritten: shape.output) }
    if !shape.rowsMatch(result.logSumExp.shape) { result.logSumExp = try Tensor(unwritten: shape.rows) }
    try attend(operands, &result.output, &result.logSumExp)
  }

  private func attend<Element: AttentionElement>(
    _ operands: AttentionOperands<Element>, _ output: inout Tensor<Element>, _ logSumExp: inout Tensor<Float>
  ) throws {
    defer { withExtendedLifetime(operands) {} }
    try output.overwrite { output in
      try logSumExp.overwrite { logSumExp in
        var problem = operands.problem(self)
        problem.output = KernelOperand(dense: output, descriptor.shape.outputAxes)
        problem.logSumExp = logSumExp
        try CPUForward(plan: self, problem: problem).run()
      }
    }
  }

  /// Checks that the plan is one of the direction in which it is to be run.
  func require(_ wanted: AttentionDirection) throws {
    if direction != wanted {
      throw AttentionError.invalidArgument(
        "plan", was: "one of a \(direction.rawValue) pass", expected: "one of a \(wanted.rawValue) pass")
    }
  }
}
