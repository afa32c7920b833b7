import KernelIntrinsics

extension AttentionPlan {
  /// Runs the plan of a backward pass into gradients that are used again.
  ///
  /// What ``attend(queries:keys:values:booleanMask:bias:into:)`` says about memory and threads holds here as well.
  ///
  /// - Parameters:
  ///   - queries: Q as in the forward pass, [B, Hq, Sq, D].
  ///   - keys: K as in the forward pass, [B, Hkv, Sk, D].
  ///   - values: V as in the forward pass, [B, Hkv, Sk, Dv].
  ///   - outputGradient: ∂L/∂O, [B, Hq, Sq, Dv], with any strides.
  ///   - forward: The result of the forward pass with the same arguments.
  ///   - booleanMask: The mask of the forward pass.
  ///   - bias: The bias of the forward pass.
  ///   - biasGradient: Whether to compute the gradient of the bias as well.
  ///   - gradients: What the call returns; its elements when the call is made have no meaning.
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the argument that does not fit the
  ///   descriptor, or `plan` where it is one of a forward pass; ``AttentionError/unavailable(_:reason:)`` where there
  ///   is not enough memory, or the back end has no gradient of the bias.
  public func differentiate<Element: AttentionElement>(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    outputGradient: some StridedTensor<Element>, forward: AttentionResult<Element>,
    booleanMask: TensorView<Bool>? = nil, bias: AttentionBias? = nil, biasGradient: Bool = false,
    into gradients: inout AttentionGradients<Element>
  ) throws {
    let operands = try AttentionOperands(
      descriptor, queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
    try differentiate(
      operands, outputGradient: outputGradient.view, forward: forward, biasGradient: biasGradient, into: &gradients)
  }

  /// Runs the plan of a backward pass.
  ///
  /// - Parameters:
  ///   - queries: Q as in the forward pass, [B, Hq, Sq, D].
  ///   - keys: K as in the forward pass, [B, Hkv, Sk, D].
  ///   - values: V as in the forward pass, [B, Hkv, Sk, Dv].
  ///   - outputGradient: ∂L/∂O, [B, Hq, Sq, Dv], with any strides.
  ///   - forward: The result of the forward pass with the same arguments.
  ///   - booleanMask: The mask of the forward pass.
  ///   - bias: The bias of the forward pass.
  ///   - biasGradient: Whether to compute the gradient of the bias as well.
  /// - Returns: The gradients of Q, K and V, and of the bias where it was asked for.
  /// - Throws: As
  ///   ``differentiate(queries:keys:values:outputGradient:forward:booleanMask:bias:biasGradient:into:)``.
  public func differentiate<Element: AttentionElement>(
    queries: some StridedTensor<Element>, keys: some StridedTensor<Element>, values: some StridedTensor<Element>,
    outputGradient: some StridedTensor<Element>, forward: AttentionResult<Element>,
    booleanMask: TensorView<Bool>? = nil, bias: AttentionBias? = nil, biasGradient: Bool = false
  ) throws -> AttentionGradients<Element> {
    let operands = try AttentionOperands(
      descriptor, queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
    return try differentiate(
      operands, outputGradient: outputGradient.view, forward: forward, biasGradient: biasGradient)
  }

  /// Runs the plan with checked operands.
  func differentiate<Element: AttentionElement>(
    _ operands: AttentionOperands<Element>, outputGradient: TensorView<Element>, forward: AttentionResult<Element>,
    biasGradient: Bool
  ) throws -> AttentionGradients<Element> {
    let shape = descriptor.shape
    var gradients = AttentionGradients<Element>(
      queries: try Tensor(unwritten: shape.queries), keys: try Tensor(unwritten: shape.keys),
      values: try Tensor(unwritten: shape.values), bias: nil)
    try differentiate(
      operands, outputGradient: outputGradient, forward: forward, biasGradient: biasGradient, into: &gradients)
    return gradients
  }

  /// Checks what a backward pass needs but the result of the forward pass.
  func check<Element: AttentionElement>(
    _ operands: AttentionOperands<Element>, outputGradient: TensorView<Element>, biasGradient: Bool
  ) throws {
    try require(.backward)
    try requireAxes("outputGradient", outputGradient.shape, descriptor.shape.outputAxes, "[B, Hq, Sq, Dv]")
    if biasGradient && operands.bias == nil {
      throw AttentionError.invalidArgument("biasGradient", was: "true", expected: "false where no bias is given")
    }
    if biasGradient && backend == .standard {
      throw AttentionError.unavailable("back end standard", reason: "it has no gradient of the bias")
    }
  }

  private func differentiate<Element: AttentionElement>(
    _ operands: AttentionOperands<Element>, outputGradient: TensorView<Element>, forward: AttentionResult<Element>,
    biasGradient: Bool, into gradients: inout AttentionGradients<Element>
  ) throws {
    try check(operands, outputGradient: outputGradient, biasGradient: biasGradient)
    let shape = descriptor.shape
    try requireAxes("forward.output", forward.output.shape, shape.outputAxes, "[B, Hq, Sq, Dv]")
    guard shape.rowsMatch(forward.logSumExp.shape) else {
      throw AttentionError.unexpectedShape(
        "forward.logSumExp", forward.logSumExp.shape, shape.rows, "[B, Hq, Sq]")
    }
    let biasShape = biasGradient ? operands.bias?.shape : nil
    if !shape.queryAxes.match(gradients.queries.shape) { gradients.queries = try Tensor(unwritten: shape.queries) }
    if !shape.keyAxes.match(gradients.keys.shape) { gradients.keys = try Tensor(unwritten: shape.keys) }
    if !shape.valueAxes.match(gradients.values.shape) { gradients.values = try Tensor(unwritten: shape.values) }
    if gradients.bias?.shape != biasShape { gradients.bias = try biasShape.map { try Tensor(unwritten: $0) } }

    let output = forward.output.view
    let logSumExp = forward.logSumExp.view
    defer { withExtendedLifetime((operands, outputGradient, output, logSumExp)) {} }
    var problem = operands.problem(self)
    problem.output = KernelOperand(output)
    problem.logSumExp = UnsafeMutablePointer(mutating: logSumExp.unsafeBaseAddress)
    problem.outputGradient = KernelOperand(outputGradient)
    try write(
      &problem, &gradients.queries, &gradients.keys, &gradients.values, &gradients.bias)
  }

  /// Runs the backward pass into the gradients, with scratch memory for the statistics and the sums of the rows.
  private func write<Element: AttentionElement>(
    _ problem: inout KernelProblem, _ queries: inout Tensor<Element>, _ keys: inout Tensor<Element>,
    _ values: inout Tensor<Element>, _ bias: inout Tensor<Float>?
  ) throws {
    let shape = descriptor.shape
    try queries.overwrite { queries in
      try keys.overwrite { keys in
        try values.overwrite { values in
          problem.queryGradient = KernelOperand(dense: queries, shape.queryAxes)
          problem.keyGradient = KernelOperand(dense: keys, shape.keyAxes)
          problem.valueGradient = KernelOperand(dense: values, shape.valueAxes)
          try withRowMemory(&problem) { problem in
            guard let biasShape = bias?.shape, let strides = bias?.strides, let count = bias?.count else {
              try CPUBackward(plan: self, problem: problem).run()
              return
            }
            try bias?.overwrite { memory in
              memory.initialize(repeating: 0, count: count)
              problem.biasGradient = KernelOperand(biasGradient: memory, biasShape, strides)
              try CPUBackward(plan: self, problem: problem).run()
            }
          }
        }
      }
    }
  }

  /// Calls `body` with the problem when it has memory for the statistics of its rows and for the fp32 sums of dQ, which
  /// is the gradient's own where that can hold them.
  private func withRowMemory(_ problem: inout KernelProblem, _ body: (inout KernelProblem) throws -> Void) throws {
    let shape = descriptor.shape
    let rows = shape.batch * shape.queryHeads * shape.queryLength
    let sums = keepsQueryGradientSums ? rows * queryGradientStride : 0
    // Rows of sums begin on a cache line.
    let statistics = (rows * 2 + 15) / 16 * 16
    let count = statistics + sums
    try Scratch.withMemory(byteCount: count * 4, for: "the gradient") { memory in
      let floats = memory.bindMemory(to: Float.self, capacity: max(count, 1))
      problem.rowLogSumExp2 = floats
      problem.rowDelta = floats + rows
      problem.queryGradientSum =
        keepsQueryGradientSums
        ? floats + statistics : problem.queryGradient.base?.assumingMemoryBound(to: Float.self)
      try body(&problem)
    }
  }
}
