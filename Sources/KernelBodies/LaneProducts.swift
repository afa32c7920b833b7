import KernelIntrinsics

/// What is added to the sums of a lane group: the products of a tile in the format of products, P or dS, and as many rows
/// of an operand as the tile has, over which they are summed.
struct LaneProducts<Terms: TermArithmetic> {
  /// The terms of the tile's first row.
  let tile: UnsafePointer<Float>
  /// The distance of neighbouring rows of the tile.
  let stride: Int
  let steps: TileSteps
  let operand: RowBlock<Terms>
  /// The row of the operand that belongs to the tile's first.
  let firstRow: Int

  /// Adds them to sums that lie by column.
  ///
  /// - Parameter start: What the sums begin with in the first step; that of all vectors is the first one.
  @inline(__always)
  func addByColumn(
    to sums: LaneSums<Terms>, start: AccumulatorStart, _ prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    var start = start
    steps.forEach { step in
      let lane = step.vectors.start * laneCount
      multiply(
        rows: Terms.resultRows(sums.columns), vectors: step.vectors.count, depth: Terms.depth(step.rows.count),
        operand.byColumn(from: firstRow + step.rows.start),
        tile + Terms.termRow(step.rows.start) * stride + lane, stride: Terms.parts * stride,
        into: sums.base + lane, destinationStride: LaneGroup.width, start: start, accuracy: .ofRoundedOperand,
        prefetch: prefetch)
      start = .destination
    }
  }
}

extension LaneProducts where Terms: RegisterTerms {
  /// Adds them to sums that lie by row: to those of a register tile at a time where a diagonal gives each row a part of
  /// the terms.
  @inline(__always)
  func addByRow(to sums: LaneSums<Terms>, start: AccumulatorStart, _ prefetch: UnsafeMutablePointer<Prefetch>?) {
    var start = start
    if case .scaledDestination(let factors) = start {
      sums.scaleRows(by: factors)
      start = .destination
    }
    let vectors = sums.columns / laneCount
    let count = sums.lanes.count
    let height = registerTileRows(vectors: vectors)
    assert(height == kernel_rows_of_sums_by_row(sums.columns, laneCount))
    var lane = 0
    while lane < count {
      // No farther than a vector, whose lanes have the same rows in the tile.
      let vectorEnd = (lane / laneCount + 1) * laneCount
      let end = steps.isDiagonal ? min(lane + height, vectorEnd, count) : count
      let rows = steps.rows(ofLanes: BlockRange(start: lane, end: end), rowStep: Terms.rowStep)
      multiply(
        rows: end - lane, vectors: vectors, depth: Terms.depth(rows.count),
        ScalarOperand<ByColumn, Terms>(base: tile + Terms.termRow(rows.start) * stride + lane, stride: stride),
        operand.vectors(from: firstRow + rows.start), stride: operand.stride,
        into: sums.rows(from: lane), destinationStride: sums.columns, start: start, accuracy: .ofRoundedOperand,
        prefetch: prefetch)
      lane = end
    }
  }
}
