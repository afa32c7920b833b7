import KernelIntrinsics

// Bias and masks of one tile. They lie in memory with the keys of a query side by side; the tile has its queries side
// by side, so that they are transposed on their way to it.
extension ForwardPass {
  /// The bias and the masks, in the order of the contract.
  ///
  /// - Parameters:
  ///   - steps: The scores that are read afterwards.
  ///   - factor: What scores are multiplied by before a bias is added, and only then.
  @inline(never)
  func applyMasks(to tile: ScoreTile, _ steps: TileSteps, of group: QueryGroup, _ keys: BlockRange, factor: Float) {
    let staging = memory.floats(at: layout.staging)
    if problem.bias.isPresent { addBias(to: tile, of: group, keys, factor, staging) }
    if problem.mask.isPresent && !forbidByWords(tile, group, keys) {
      packLanesTransposed(
        group.lanes, of: problem.mask, columns: keys.count, firstColumn: keys.start, scale: 1, into: staging)
      tile.forbid(whereZero: staging, stride: LaneGroup.width)
    }
    // Key j of row r is j = keys.start + r; query i of a lane is item.firstQuery + its position.
    let origin = keys.start - problem.diagonal - item.firstQuery
    tile.forbid(outside: origin - problem.right, origin + problem.left, of: group.positions) { vector in
      let read = BlockRange(start: keys.start, end: keys.start + steps.rows(ofVector: vector))
      let forbidden = problem.keysForbidden(toAnyOf: group.queries(ofVector: vector), among: read)
      return BlockRange(start: forbidden.start - keys.start, end: forbidden.end - keys.start)
    }
  }

  private func addBias(
    to tile: ScoreTile, of group: QueryGroup, _ keys: BlockRange, _ factor: Float,
    _ staging: UnsafeMutablePointer<Float>
  ) {
    let bias = problem.bias
    if bias.rowStride == 0 && (bias.headStride == 0 || !group.lanes.spansHeads) {
      // All queries have one row.
      let row = bias.offset(batch: item.batch, head: group.lanes.head(0), row: 0)
      convertRows(
        bias, offset: row + keys.start * bias.columnStride, rows: 1, columns: keys.count, scale: 1, into: staging,
        stride: 0)
      tile.add(biasOfRows: staging, factor: factor)
    } else {
      packLanesTransposed(
        group.lanes, of: bias, columns: keys.count, firstColumn: keys.start, scale: 1, into: staging)
      tile.add(bias: staging, stride: LaneGroup.width, factor: factor)
    }
  }

  /// S ← −∞ where the boolean mask forbids. It takes the mask of four keys for one number, so that a square of these
  /// holds four times as many keys as one of numbers would.
  ///
  /// - Returns: Whether rows lie such that that is possible. Where they do not, some of the mask may have been applied.
  @inline(never)
  private func forbidByWords(_ tile: ScoreTile, _ group: QueryGroup, _ keys: BlockRange) -> Bool {
    let mask = problem.mask
    if keys.count < 4 * laneCount { return false }
    let forbidden = Vector(repeating: -.infinity)
    for vector in 0..<group.lanes.vectors {
      guard let rows = group.lanes.evenRows(vector, in: mask) else { return false }
      let base = UnsafeRawPointer(mask.base.unsafelyUnwrapped) + rows.offset + keys.start
      var key = 0
      while key < keys.count {
        // The last square ends with the keys.
        let first = min(key, keys.count - 4 * laneCount)
        var block = VectorBlock.zeros
        for lane in 0..<laneCount where lane < rows.count {
          block[lane] = (base + lane * mask.rowStride + first).loadUnaligned(as: Vector.self)
        }
        transpose(&block)
        for word in 0..<laneCount where first + 4 * word + 3 >= key {
          let bits = unsafeBitCast(block[word], to: VectorBits.self)
          for byte in 0..<4 {
            let score = tile.base + (first + 4 * word + byte) * tile.stride + vector * laneCount
            let isForbidden = bits & VectorBits(repeating: 0xff << UInt32(8 * byte)) .== VectorBits.zero
            Vector(at: score).replacing(with: forbidden, where: isForbidden).store(at: score)
          }
        }
        key += 4 * laneCount
      }
    }
    return true
  }
}
