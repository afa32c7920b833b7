import KernelIntrinsics

// What infinite and NaN elements contribute to permitted pairs; see NonFinite.swift.
extension BackwardStep {
  /// Whether a forbidden pair of the step may meet a NaN or an infinity in its query's rows.
  func forbidsNonFinite() -> Bool {
    isMasked(BlockRange(start: 0, end: queries.count), pass.keys)
      && (queryRange.hasNonFinite(in: problem.query)
        || outputGradientRange.hasNonFinite(in: problem.outputGradient))
  }

  /// Adds what such elements of Q and dO contribute to dK and dV.
  @inline(never)
  func addNonFiniteRows(_ groups: BlockRange) {
    forEachPermission(groups) { group, permissions in
      outputGradientRange.forEachNonFinite(in: problem.outputGradient) { row, column, value in
        for lane in 0..<permissions.count where permissions.isPermitted(row, lane) {
          let term = number(probabilityTerms(group, row: 0) + lane, row) * value
          pass.valueGradient(group).add(term, lane: lane, column: column)
        }
      }
      queryRange.forEachNonFinite(in: problem.query) { row, column, value in
        for lane in 0..<permissions.count where permissions.isPermitted(row, lane) {
          let term = number(scoreGradientTerms(group, row: 0) + lane, row) * value
          pass.keyGradient(group).add(term, lane: lane, column: column)
        }
      }
    }
  }

  /// Adds what such elements of K contribute to dQ.
  @inline(never)
  func addNonFiniteKeys(_ groups: BlockRange) {
    forEachPermission(groups) { group, permissions in
      var range = pass.keyRange
      range.firstRow += pass.laneGroups.start(of: group)
      range.rows = permissions.count
      range.forEachNonFinite(in: problem.key) { lane, column, value in
        var row = 0
        while row < queries.count {
          if permissions.isPermitted(row, lane) {
            queryGradientRows[row * problem.queryGradientStride + column] +=
              number(scoreGradientTerms(group, row: 0) + lane, row) * value
          }
          row += 1
        }
      }
    }
  }

  @inline(__always)
  private func number(_ column: UnsafePointer<Float>, _ row: Int) -> Float {
    Terms.Probabilities.number(column, row: row, stride: tiles.stride)
  }

  /// Which pairs of a lane group and the step's queries are permitted.
  private struct Permissions {
    let base: UnsafePointer<Float>
    let rows: BlockRange
    /// The number of keys.
    let count: Int

    @inline(__always)
    func isPermitted(_ row: Int, _ lane: Int) -> Bool {
      row >= rows.start && row < rows.end && base[(row - rows.start) * LaneGroup.width + lane] != -.infinity
    }
  }

  @inline(__always)
  private func forEachPermission(_ groups: BlockRange, _ body: (_ group: Int, _ permissions: Permissions) -> Void) {
    var group = groups.start
    while group < groups.end {
      let lanes = pass.lanes(group)
      let rows = rows(seeing: lanes)
      // Masking a tile of zeros shows which pairs are forbidden.
      let tile = ScoreTile(
        base: pass.memory.floats(at: pass.layout.permissions), stride: LaneGroup.width, rows: rows.count,
        vectors: lanes.vectors)
      tile.clear()
      applyMasks(to: tile, rows, pass.keys(of: lanes), factor: 1)
      body(group, Permissions(base: tile.base, rows: rows, count: lanes.count))
      group += 1
    }
  }

  // MARK: Products that do not keep such elements

  /// Computes those elements of S and dP again that an infinite or NaN number takes part in.
  ///
  /// - Parameter rows: The rows that the lane group sees.
  @inline(never)
  func multiplyNonFinite(_ group: Int, _ rows: BlockRange) {
    let lanes = BlockRange(start: pass.laneGroups.start(of: group), end: pass.laneGroups.start(of: group + 1))
    multiplyNonFinite(
      queryRange, of: problem.query, rows, pass.keyRange, of: problem.key, lanes, into: probabilities(group, row: 0))
    multiplyNonFinite(
      outputGradientRange, of: problem.outputGradient, rows, pass.valueRange, of: problem.value, lanes,
      into: scoreGradients(group, row: 0))
  }

  private func multiplyNonFinite(
    _ queries: OperandRange, of first: KernelOperand, _ rows: BlockRange, _ keys: OperandRange,
    of second: KernelOperand, _ lanes: BlockRange, into tile: UnsafeMutablePointer<Float>
  ) {
    var nonFiniteLanes: UInt64 = 0
    var lane = 0
    while lane < lanes.count {
      if keys.row(lanes.start + lane).hasNonFinite(in: second) { nonFiniteLanes |= 1 << UInt64(lane) }
      lane += 1
    }
    var row = rows.start
    while row < rows.end {
      let query = queries.row(row)
      let affected = query.hasNonFinite(in: first) ? UInt64.max : nonFiniteLanes
      lane = 0
      while lane < lanes.count {
        if affected >> UInt64(lane) & 1 == 1 {
          tile[row * tiles.stride + lane] = query.product(in: first, with: keys.row(lanes.start + lane), in: second)
        }
        lane += 1
      }
      row += 1
    }
  }
}
