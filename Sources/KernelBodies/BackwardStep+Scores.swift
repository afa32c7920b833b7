import KernelIntrinsics

// P and dS of one step.
extension BackwardStep {
  /// Computes P and scale · dS of the lane groups, and adds dS to the gradient of the bias.
  ///
  /// - Returns: Q and dO of the block.
  func differentiateScores(_ groups: BlockRange, _ prefetch: UnsafeMutablePointer<Prefetch>? = nil) -> Rows {
    let rows = rows()
    var index = groups.start
    while index < groups.end {
      differentiateScores(of: index, rows, prefetch)
      index += 1
    }
    if problem.biasGradient.isPresent { addBiasGradient(groups) }
    finishScoreGradients(groups)
    return rows
  }

  /// The scores of the rows that see a key of the group, and their gradients.
  private func differentiateScores(
    of group: Int, _ operands: Rows, _ prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    let lanes = pass.lanes(group)
    let keys = pass.keys(of: lanes)
    let rows = rows(seeing: lanes)
    clearRows(of: group, outside: rows)
    if rows.isEmpty { return }

    let scores = ScoreTile(
      base: probabilities(group, row: rows.start), stride: tiles.stride, rows: rows.count, vectors: lanes.vectors)
    let gradients = scoreGradients(group, row: rows.start)
    steps(of: lanes, rows).forEach { step in
      let row = rows.start + step.rows.start
      multiply(
        rows: Terms.resultRows(step.rows.count), vectors: step.vectors.count, depth: Terms.depth(problem.headDimension),
        operands.queries.byRow(from: row), pass.packedKeys(group), stride: Terms.parts * LaneGroup.width,
        into: probabilities(group, row: row), destinationStride: tiles.stride, start: .zero, prefetch: prefetch)
      multiply(
        rows: Terms.resultRows(step.rows.count), vectors: step.vectors.count,
        depth: Terms.depth(problem.valueDimension),
        operands.outputGradients.byRow(from: row), pass.packedValues(group), stride: Terms.parts * LaneGroup.width,
        into: scoreGradients(group, row: row), destinationStride: tiles.stride, start: .zero, prefetch: prefetch)
    }

    if !Terms.keepsNonFinite && !(operands.areFinite && keysAndValuesAreFinite) {
      multiplyNonFinite(group, rows)
    }
    let isMasked = isMasked(rows, keys)
    var factor = Terms.scoreFactors(problem).late
    // As in the forward pass; here the exponential takes a factor that waits.
    let isFactorEarly = problem.softcap > 0 || !problem.bias.isPresent && factor <= 0
    if isFactorEarly && factor != 1 {
      scores.multiply(by: factor)
      factor = 1
    }
    if problem.softcap > 0 {
      scores.applySoftcap(problem.softcap, keeping: tangents(group, row: rows.start))
    }
    if isMasked {
      applyMasks(to: scores, rows, keys, factor: factor)
      if problem.bias.isPresent { factor = 1 }
      exponentiate(scores, gradients, firstRow: rows.start, factor: factor, isMasked: true)
    } else {
      exponentiate(scores, gradients, firstRow: rows.start, factor: factor, isMasked: false)
    }
  }

  @inline(__always)
  private func seen(_ rows: BlockRange) -> BlockRange {
    BlockRange(start: queries.start + rows.start, end: queries.start + rows.end)
  }

  func isMasked(_ rows: BlockRange, _ keys: BlockRange) -> Bool {
    problem.isMasked(queries: seen(rows), keys: keys)
  }

  /// Puts zeros where products take in rows that see no key of the group.
  ///
  /// They take in dS of those that share a strip with rows that see one, and the gradient of the bias takes in all of it;
  /// what P, dS and tangents hold elsewhere reaches no result. The matrix unit takes lanes in steps that may begin or end
  /// in other groups than those that a row sees.
  private func clearRows(of group: Int, outside rows: BlockRange) {
    let lanes = pass.lanes(group).vectors * laneCount
    let usesUnit = problem.matrixUnitParts > 0
    var read = BlockRange(start: 0, end: queries.count)
    if !usesUnit && !problem.biasGradient.isPresent { read = rows.isEmpty ? rows : strips(holding: rows) }
    var row = read.start
    while row < read.end {
      if row == rows.start && !rows.isEmpty {
        row = rows.end
        continue
      }
      if usesUnit { probabilities(group, row: row).update(repeating: 0, count: lanes) }
      scoreGradients(group, row: row).update(repeating: 0, count: lanes)
      row += 1
    }
  }

  /// The bias and the masks, in the order of the contract.
  ///
  /// - Parameter factor: What scores are multiplied by before a bias is added, and only then.
  @inline(never)
  func applyMasks(to scores: ScoreTile, _ rows: BlockRange, _ keys: BlockRange, factor: Float) {
    let staging = pass.memory.floats(at: pass.layout.staging)
    if problem.bias.isPresent {
      stage(problem.bias, rows, keys, into: staging)
      scores.add(bias: staging, stride: LaneGroup.width, factor: factor)
    }
    if problem.mask.isPresent {
      stage(problem.mask, rows, keys, into: staging)
      scores.forbid(whereZero: staging, stride: LaneGroup.width)
    }
    let seen = seen(rows)
    // Query i of row r is i = seen.start + r; key j of a lane is keys.start + its position.
    let origin = seen.start + problem.diagonal - keys.start
    scores.forbid(outside: origin - problem.left, origin + problem.right, of: pass.positions) { vector in
      let forbidden = problem.queriesForbidden(anyOf: keys.part(ofVector: vector), among: seen)
      return BlockRange(start: forbidden.start - seen.start, end: forbidden.end - seen.start)
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

  /// What dS is multiplied by as it is computed: dQ and dK want scale · dS, the gradient of the bias wants dS.
  private var earlyScale: Float { problem.biasGradient.isPresent ? 1 : problem.scale }

  /// P = 2^(factor · S − LSE) over S, and dS = P ∘ (dP − δ) over dP.
  @inline(__always)
  private func exponentiate(
    _ scores: ScoreTile, _ gradients: UnsafeMutablePointer<Float>, firstRow: Int, factor: Float, isMasked: Bool
  ) {
    let logSumExp = problem.rowLogSumExp2.unsafelyUnwrapped + firstRowIndex + firstRow
    let delta = problem.rowDelta.unsafelyUnwrapped + firstRowIndex + firstRow
    let factor = Vector(repeating: factor)
    let scale = Vector(repeating: earlyScale)
    var row = 0
    while row < scores.rows {
      let rowLogSumExp = Vector(repeating: -logSumExp[row])
      let rowDelta = Vector(repeating: delta[row])
      var lane = 0
      while lane < scores.vectors * laneCount {
        let scorePointer = scores.base + row * scores.stride + lane
        let gradientPointer = gradients + row * scores.stride + lane
        let score = Vector(at: scorePointer)
        var probability = rowLogSumExp.adding(product: score, factor).exponentiated2
        var gradient = probability * scale * (Vector(at: gradientPointer) - rowDelta)
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

  /// What is left to do once the bias has its gradient: dS ← scale · dS ∘ (1 − tanh²(S / cap)), as far as either is not
  /// done or not needed.
  @inline(never)
  private func finishScoreGradients(_ groups: BlockRange) {
    let scale = problem.biasGradient.isPresent ? problem.scale : 1
    let hasSoftcap = problem.softcap > 0
    if !hasSoftcap && !problem.biasGradient.isPresent { return }
    let lanes = paddedColumns(pass.lanes(of: groups).count)
    var row = 0
    while row < queries.count {
      let gradients = scoreGradients(groups.start, row: row)
      let tangents = tangents(groups.start, row: row)
      var lane = 0
      while lane < lanes {
        let gradient = Vector(at: gradients + lane)
        var product = gradient * scale
        if hasSoftcap {
          let tangent = Vector(at: tangents + lane)
          product = product * (Vector(repeating: 1) - tangent * tangent)
        }
        // A forbidden position stays zero even where its score was not finite.
        product.replacing(with: .zeros, where: gradient .== .zeros).store(at: gradients + lane)
        lane += laneCount
      }
      row += 1
    }
  }
}
