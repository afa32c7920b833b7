import KernelIntrinsics

// Zero times NaN is NaN, so a forbidden pair may not enter a sum where one of the operands is not finite. These steps
// are rare, so their products are plain loops over the permitted pairs.
extension BackwardStep {
  /// Whether a forbidden pair of the step may meet a NaN or an infinity.
  func mayMultiplyNonFinite() -> Bool {
    if !isMasked(BlockRange(start: 0, end: queries.count), pass.keys) { return false }
    let scaledKeys = RowBlock(base: UnsafePointer(pass.scaledKeys), stride: problem.queryGradientStride)
    return queryRows.hasNonFinite(rows: queries.count, columns: problem.headDimension)
      || outputGradientRows.hasNonFinite(rows: queries.count, columns: problem.valueDimension)
      || scaledKeys.hasNonFinite(rows: pass.item.keys, columns: problem.headDimension)
  }

  /// Calls `body` with the group, the row and the lane of every permitted pair.
  @inline(__always)
  private func forEachPermittedPair(_ groups: BlockRange, _ body: (_ group: Int, _ row: Int, _ lane: Int) -> Void) {
    var group = groups.start
    while group < groups.end {
      let lanes = pass.lanes(group)
      let rows = rows(seeing: lanes)
      // Masking a tile of zeros shows which pairs are forbidden.
      let permissions = ScoreTile(
        base: pass.memory.floats(at: pass.layout.permissions), stride: LaneGroup.width, rows: rows.count,
        vectors: lanes.vectors)
      permissions.clear()
      applyMasks(to: permissions, rows, pass.keys(of: lanes))
      var row = 0
      while row < rows.count {
        var lane = 0
        while lane < lanes.count {
          if permissions.base[row * LaneGroup.width + lane] != -.infinity { body(group, rows.start + row, lane) }
          lane += 1
        }
        row += 1
      }
      group += 1
    }
  }

  @inline(never)
  func addPermittedKeyValueProducts(_ groups: BlockRange) {
    forEachPermittedPair(groups) { group, row, lane in
      let probability = probabilities(group, row: row)[lane]
      let gradient = scoreGradients(group, row: row)[lane]
      let valueGradient = pass.valueGradient(group) + lane
      let keyGradient = pass.keyGradient(group) + lane
      var column = 0
      while column < problem.valueDimension {
        let target = valueGradient + column * LaneGroup.width
        target.pointee = target.pointee.adding(
          product: probability, outputGradientRows.base[row * outputGradientRows.stride + column])
        column += 1
      }
      column = 0
      while column < problem.headDimension {
        let target = keyGradient + column * LaneGroup.width
        target.pointee = target.pointee.adding(
          product: gradient, queryRows.base[row * queryRows.stride + column])
        column += 1
      }
    }
  }

  @inline(never)
  func addPermittedQueryProducts(_ groups: BlockRange) {
    forEachPermittedPair(groups) { group, row, lane in
      let gradient = scoreGradients(group, row: row)[lane]
      let target = queryGradientRows + row * problem.queryGradientStride
      let key = pass.scaledKeys + (group * LaneGroup.width + lane) * problem.queryGradientStride
      var column = 0
      while column < problem.headDimension {
        target[column] = target[column].adding(product: gradient, key[column])
        column += 1
      }
    }
  }
}
