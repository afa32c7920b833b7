import KernelIntrinsics

// Bias and masks of one step. They lie in memory with the keys of a query side by side, and so does the tile in which
// they are put together: a bias, with −∞ where a mask forbids. Scores lie with the rows of a key side by side, as
// products leave them and want their weights, so the tile is transposed on its way to them.
extension ShortQueryPass {
  /// Adds the bias and applies the masks to a step's scores.
  ///
  /// - Parameter searchingValues: Whether to look for values that are infinite or NaN.
  /// - Returns: Whether one may be that is forbidden to some row.
  func maskScores(_ streams: KeyStreams, _ step: Int, searchingValues: Bool) -> Bool {
    var isAnyMasked = false
    var isCareful = false
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      if keys.isEmpty || !isMasked(keys) { continue }
      isAnyMasked = true
      isCareful = isCareful || searchingValues && valueRows(keys).hasNonFinite(in: problem.value)
    }
    if !isAnyMasked { return false }
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      if !keys.isEmpty { fillMaskTile(keys, stream) }
    }
    if problem.bias.isPresent {
      maskScores(keys: streams.paddedKeys(step: step), Biased.self)
    } else {
      maskScores(keys: streams.paddedKeys(step: step), Forbidden.self)
    }
    return isCareful
  }

  /// Fills the tile for one stream's keys, in the order of the contract.
  @inline(never)
  func fillMaskTile(_ keys: BlockRange, _ stream: Int) {
    var head = 0
    while head < headsInMaskTile {
      let tile = ScoreTile(
        base: maskTileRow(head * item.queries, stream), stride: stepKeys, rows: item.queries,
        vectors: paddedColumns(keys.count) / laneCount)
      if problem.bias.isPresent {
        stage(problem.bias, head: head, keys, into: tile.base)
      } else {
        tile.clear()
      }
      if problem.mask.isPresent {
        let staging = memory.floats(at: layout.staging)
        stage(problem.mask, head: head, keys, into: staging)
        tile.forbid(whereZero: staging, stride: stepKeys)
      }
      // Query i of row r is i = item.firstQuery + r; key j of a lane is keys.start + its position.
      let origin = item.firstQuery + problem.diagonal - keys.start
      tile.forbid(outside: origin - problem.left, origin + problem.right, of: positions) { vector in
        let forbidden = problem.queriesForbidden(anyOf: keys.part(ofVector: vector), among: queryRange)
        return BlockRange(start: forbidden.start - item.firstQuery, end: forbidden.end - item.firstQuery)
      }
      head += 1
    }
  }

  /// The tile has rows for each head only where bias or mask differ from head to head.
  private var headsInMaskTile: Int {
    let differs =
      problem.bias.isPresent && problem.bias.headStride != 0
      || problem.mask.isPresent && problem.mask.headStride != 0
    return differs ? item.heads : 1
  }

  /// What the tile says about a row of the item and the keys of a stream.
  @inline(__always)
  func maskTileRow(_ row: Int, _ stream: Int) -> UnsafeMutablePointer<Float> {
    // A group's rows that do not exist take what the last one has.
    let row = min(row, rows - 1)
    let rowInTile = headsInMaskTile == 1 ? row % item.queries : row
    return memory.floats(at: layout.tile) + rowInTile * stepKeys + stream * keysPerStep
  }

  /// Copies the rows of a mask or bias that belong to one head as fp32.
  private func stage(
    _ operand: KernelOperand, head: Int, _ keys: BlockRange, into staging: UnsafeMutablePointer<Float>
  ) {
    let offset = operand.offset(batch: item.batch, head: item.firstHead + head, row: item.firstQuery)
    convertRows(
      operand, offset: offset + keys.start * operand.columnStride, rows: item.queries, columns: keys.count, scale: 1,
      into: staging, stride: stepKeys)
  }

  private func maskScores<Use: MaskTileUse>(keys: Int, _ use: Use.Type) {
    forEachRowGroup { group in
      if group.rows == 4 {
        maskSquares(group, keys, use)
      } else {
        maskRow(group, keys, use)
      }
    }
  }

  /// Squares of as many keys as a vector has lanes by as many rows of streams.
  @inline(never)
  private func maskSquares<Use: MaskTileUse>(_ group: RowGroup, _ keys: Int, _ use: Use.Type) {
    let columns = 4 * KeyStreams.count
    let tileRows: InlineArray<4, UnsafeMutablePointer<Float>> = [
      maskTileRow(group.first, 0), maskTileRow(group.first + 1, 0), maskTileRow(group.first + 2, 0),
      maskTileRow(group.first + 3, 0),
    ]
    var column = 0
    while column < columns {
      var key = 0
      while key < keys {
        var block = VectorBlock.zeros
        for lane in 0..<laneCount {
          block[lane] = Vector(at: tileRows[lane % 4] + (column + lane) / 4 * keysPerStep + key)
        }
        transpose(&block)
        for index in 0..<laneCount {
          let scores = group.scores(ofKey: key + index) + column
          Use.score(Vector(at: scores), block[index]).store(at: scores)
        }
        key += laneCount
      }
      column += laneCount
    }
  }

  /// Vectors of some keys' streams.
  @inline(never)
  private func maskRow<Use: MaskTileUse>(_ group: RowGroup, _ keys: Int, _ use: Use.Type) {
    let tile = maskTileRow(group.first, 0)
    var key = 0
    while key < keys {
      var masks = Vector.zeros
      for lane in 0..<laneCount {
        masks[lane] = tile[lane % KeyStreams.count * keysPerStep + key + lane / KeyStreams.count]
      }
      let scores = group.scores(ofKey: key)
      Use.score(Vector(at: scores), masks).store(at: scores)
      key += laneCount / KeyStreams.count
    }
  }
}

/// What a tile of masks does to scores. Types, because a closure would be called for each vector.
private protocol MaskTileUse {
  static func score(_ score: Vector, _ mask: Vector) -> Vector
}

/// It holds biases.
private enum Biased: MaskTileUse {
  @inline(__always)
  static func score(_ score: Vector, _ mask: Vector) -> Vector { biasedScore(score, by: mask) }
}

/// It holds nothing but 0 and −∞.
private enum Forbidden: MaskTileUse {
  @inline(__always)
  static func score(_ score: Vector, _ mask: Vector) -> Vector { forbiddenScore(score, by: mask) }
}
