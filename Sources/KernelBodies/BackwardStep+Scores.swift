import KernelIntrinsics

// P and dS of one step.
extension BackwardStep {
  /// Computes P and dS of the lane groups, and adds dS to the gradient of the bias.
  func differentiateScores(_ groups: BlockRange) {
    var index = groups.start
    while index < groups.end {
      differentiateScores(of: index)
      index += 1
    }
    if problem.biasGradient.isPresent { addBiasGradient(groups) }
    if problem.softcap > 0 { multiplyBySoftcapDerivative(groups) }
  }

  /// Rows that see no key of the group get zeros.
  private func differentiateScores(of group: Int) {
    let lanes = pass.lanes(group)
    let keys = pass.keys(of: lanes)
    let rows = rows(seeing: lanes)
    clearRows(of: group, outside: rows)
    if rows.isEmpty { return }

    let scores = ScoreTile(
      base: probabilities(group, row: rows.start), stride: tiles.stride, rows: rows.count, vectors: lanes.vectors)
    multiply(
      rows: rows.count, vectors: lanes.vectors, depth: problem.headDimension, queryRows.byRow(from: rows.start),
      pass.packedKeys(group), stride: LaneGroup.width, into: scores.base, destinationStride: tiles.stride,
      start: .zero)
    multiply(
      rows: rows.count, vectors: lanes.vectors, depth: problem.valueDimension,
      outputGradientRows.byRow(from: rows.start), pass.packedValues(group), stride: LaneGroup.width,
      into: scoreGradients(group, row: rows.start), destinationStride: tiles.stride, start: .zero)

    if problem.softcap > 0 {
      scores.applySoftcap(problem.softcap, keeping: tangents(group, row: rows.start))
    }
    if isMasked(rows, keys) {
      applyMasks(to: scores, rows, keys)
      exponentiate(scores, scoreGradients(group, row: rows.start), firstRow: rows.start, isMasked: true)
    } else {
      exponentiate(scores, scoreGradients(group, row: rows.start), firstRow: rows.start, isMasked: false)
    }
  }

  @inline(__always)
  private func seen(_ rows: BlockRange) -> BlockRange {
    BlockRange(start: queries.start + rows.start, end: queries.start + rows.end)
  }

  func isMasked(_ rows: BlockRange, _ keys: BlockRange) -> Bool {
    problem.hasElementwiseMask || !problem.permitsAll(queries: seen(rows), keys: keys)
  }

  private func clearRows(of group: Int, outside rows: BlockRange) {
    var row = 0
    while row < queries.count {
      if row < rows.start || row >= rows.end {
        probabilities(group, row: row).update(repeating: 0, count: LaneGroup.width)
        scoreGradients(group, row: row).update(repeating: 0, count: LaneGroup.width)
        if problem.softcap > 0 { tangents(group, row: row).update(repeating: 0, count: LaneGroup.width) }
      }
      row += 1
    }
  }

  /// The bias and the masks, in the order of the contract.
  @inline(never)
  func applyMasks(to scores: ScoreTile, _ rows: BlockRange, _ keys: BlockRange) {
    let staging = pass.memory.floats(at: pass.layout.staging)
    if problem.bias.isPresent {
      stage(problem.bias, rows, keys, into: staging)
      scores.add(bias: staging, stride: LaneGroup.width)
    }
    if problem.mask.isPresent {
      stage(problem.mask, rows, keys, into: staging)
      scores.forbid(whereZero: staging, stride: LaneGroup.width)
    }
    if !problem.permitsAll(queries: seen(rows), keys: keys) {
      // Query i of row r is i = seen(rows).start + r; key j of a lane is keys.start + its position.
      let origin = seen(rows).start + problem.diagonal - keys.start
      scores.forbid(outside: origin - problem.left, origin + problem.right, of: pass.positions)
    }
  }

  /// Copies the rows of a mask or bias that belong to a tile as fp32, one lane group wide.
  private func stage(
    _ operand: KernelOperand, _ rows: BlockRange, _ keys: BlockRange, into staging: UnsafeMutablePointer<Float>
  ) {
    let offset = operand.offset(batch: pass.item.batch, head: head, row: queries.start + rows.start)
    convertRows(
      operand, offset: offset + keys.start * operand.columnStride, rows: rows.count, columns: keys.count, scale: 1,
      into: staging, stride: LaneGroup.width)
  }

  /// P = 2^(S − LSE) over S, and dS = P ∘ (dP − δ) over dP.
  @inline(__always)
  private func exponentiate(
    _ scores: ScoreTile, _ gradients: UnsafeMutablePointer<Float>, firstRow: Int, isMasked: Bool
  ) {
    let logSumExp = problem.rowLogSumExp2.unsafelyUnwrapped + firstRowIndex + firstRow
    let delta = problem.rowDelta.unsafelyUnwrapped + firstRowIndex + firstRow
    var row = 0
    while row < scores.rows {
      let rowLogSumExp = Vector(repeating: logSumExp[row])
      let rowDelta = Vector(repeating: delta[row])
      var lane = 0
      while lane < scores.vectors * laneCount {
        let scorePointer = scores.base + row * scores.stride + lane
        let gradientPointer = gradients + row * scores.stride + lane
        let score = Vector(at: scorePointer)
        var probability = (score - rowLogSumExp).exponentiated2
        var gradient = probability * (Vector(at: gradientPointer) - rowDelta)
        if isMasked {
          // Exactly zero also where a NaN elsewhere in the row or the column has made its way in.
          let isForbidden = score .== Vector(repeating: -.infinity)
          probability = probability.replacing(with: .zeros, where: isForbidden)
          gradient = gradient.replacing(with: .zeros, where: isForbidden)
        }
        probability.store(at: scorePointer)
        gradient.store(at: gradientPointer)
        lane += laneCount
      }
      row += 1
    }
  }

  /// dS ← dS ∘ (1 − tanh²(S / cap)), the derivative of the softcap.
  @inline(never)
  private func multiplyBySoftcapDerivative(_ groups: BlockRange) {
    var row = 0
    while row < queries.count {
      let gradients = scoreGradients(groups.start, row: row)
      let tangents = tangents(groups.start, row: row)
      var lane = 0
      while lane < groups.count * LaneGroup.width {
        let tangent = Vector(at: tangents + lane)
        let gradient = Vector(at: gradients + lane)
        // A forbidden position stays zero even where its score was not finite.
        let product = gradient * (Vector(repeating: 1) - tangent * tangent)
        product.replacing(with: .zeros, where: gradient .== .zeros).store(at: gradients + lane)
        lane += laneCount
      }
      row += 1
    }
  }
}
