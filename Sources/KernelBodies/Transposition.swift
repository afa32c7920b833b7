import KernelIntrinsics

/// A square block of as many vectors as a vector has lanes.
typealias VectorBlock = InlineArray<16, Vector>

extension VectorBlock {
  /// A block of zeros, written out because `init(repeating:)` would be outlined under a name that every instruction
  /// set shares.
  static var zeros: VectorBlock {
    @inline(__always) get {
      [
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
        .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
      ]
    }
  }
}

/// Exchanges rows and lanes of the block's first ``laneCount`` vectors.
@inline(__always)
func transpose(_ block: inout VectorBlock) {
  var rounds = laneCount
  while rounds > 1 {
    var next = VectorBlock.zeros
    for pair in 0..<(laneCount / 2) {
      let zipped = block[pair].zipped(with: block[pair + laneCount / 2])
      next[2 * pair] = zipped.low
      next[2 * pair + 1] = zipped.high
    }
    block = next
    rounds /= 2
  }
}

/// Writes the rows in a group's lanes transposed and scaled: `destination[column, lane] = scale · operand[lane, column]`.
///
/// Rows of the destination are ``LaneGroup/width`` apart. Lanes without a row, up to the end of the last vector in use,
/// become zero.
@inline(never)
func packLanesTransposed(
  _ group: LaneGroup, of operand: KernelOperand, columns: Int, firstColumn: Int, scale: Float,
  into destination: UnsafeMutablePointer<Float>
) {
  for vector in 0..<group.vectors {
    let firstLane = vector * laneCount
    var column = 0
    while column < columns {
      let used = min(columns - column, laneCount)
      var block = VectorBlock.zeros
      for lane in 0..<laneCount where firstLane + lane < group.count {
        let offset = group.offset(firstLane + lane, in: operand) + (firstColumn + column) * operand.columnStride
        let row = operand.vector(at: offset, count: used)
        // Not multiplied by 1, which would change the bits of some NaNs where elements are pairs.
        block[lane] = scale == 1 ? row : row * scale
      }
      transpose(&block)
      let target = destination + column * LaneGroup.width + firstLane
      for row in 0..<laneCount where row < used { block[row].store(at: target + row * LaneGroup.width) }
      column += laneCount
    }
  }
}

/// Writes a transposed tile back to the rows in a group's lanes: `operand[lane, column] = factors[lane] · tile[column,
/// lane]`.
///
/// Rows of the tile are ``LaneGroup/width`` apart.
@inline(never)
func storeTransposed(
  _ tile: UnsafePointer<Float>, columns: Int, factors: UnsafePointer<Float>, to group: LaneGroup,
  of operand: KernelOperand
) {
  for vector in 0..<group.vectors {
    let firstLane = vector * laneCount
    let factor = Vector(at: factors + firstLane)
    var column = 0
    while column < columns {
      let used = min(columns - column, laneCount)
      var block = VectorBlock.zeros
      for row in 0..<laneCount where row < used {
        block[row] = Vector(at: tile + (column + row) * LaneGroup.width + firstLane) * factor
      }
      transpose(&block)
      for lane in 0..<laneCount where firstLane + lane < group.count {
        let offset = group.offset(firstLane + lane, in: operand) + column * operand.columnStride
        operand.store(block[lane], at: offset, count: used)
      }
      column += laneCount
    }
  }
}
