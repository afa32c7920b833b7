import KernelIntrinsics

// S = Q · Kᵀ of one step, row of K by row of K.
extension ShortQueryPass {
  /// The scores of a step's keys, each stream's in its lanes: a row of each stream in turn. Lanes without a key get
  /// scores without meaning.
  func computeScores(_ streams: KeyStreams, _ step: Int) {
    let keys = StreamRows(streams, step) { address(keyRows($0), in: problem.key) }
    let prefetch = StreamPrefetch<Format>(problem.key, columns: problem.headDimension)
    var key = 0
    while key < keys.counts[0] {
      let segment = keys.segment(from: key, stride: prefetch.stride, missing: zeroRow)
      var row = 0
      while rows - row >= 4 {
        Self.computeScoresOfFour(
          query(row), problem.headDimension, segment, prefetch, hasSecondPair: key < keys.counts[2],
          into: score(row) + key)
        row += 4
      }
      while row < rows {
        Self.computeScoresOfOne(query(row), problem.headDimension, segment, prefetch, into: score(row) + key)
        row += 1
      }
      key += segment.keys
    }
  }

  /// Four rows with two keys at a time: each vector of Q serves both keys, each of K all four rows.
  @inline(never)
  private static func computeScoresOfFour(
    _ queries: UnsafePointer<Float>, _ columns: Int, _ keys: StreamSegment, _ prefetch: StreamPrefetch<Format>,
    hasSecondPair: Bool, into scores: UnsafeMutablePointer<Float>
  ) {
    var keys = keys
    for key in 0..<keys.keys {
      dotProducts(queries, columns, (keys.rows[0], keys.rows[1]), prefetch, into: scores + key)
      if hasSecondPair {
        dotProducts(
          queries, columns, (keys.rows[2], keys.rows[3]), prefetch, into: scores + 2 * KeyStreams.keysPerStep + key)
      }
      keys.advance()
    }
  }

  @inline(__always)
  private static func dotProducts(
    _ queries: UnsafePointer<Float>, _ columns: Int, _ keys: (UnsafeRawPointer, UnsafeRawPointer),
    _ prefetch: StreamPrefetch<Format>, into scores: UnsafeMutablePointer<Float>
  ) {
    var sums: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
    var nextSums: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
    var column = 0
    while column < columns {
      let key = keys.0 + column * Format.size
      let nextKey = keys.1 + column * Format.size
      prefetch.fetchChunk(after: key, column)
      prefetch.fetchChunk(after: nextKey, column)
      for half in 0..<2 {
        let keyVector = half == 0 ? Format.loadFirst(key) : Format.loadSecond(key)
        let nextKeyVector = half == 0 ? Format.loadFirst(nextKey) : Format.loadSecond(nextKey)
        for row in 0..<4 {
          let query = Vector(at: queries + row * columns + column + half * laneCount)
          sums[row] = sums[row].adding(product: query, keyVector)
          nextSums[row] = nextSums[row].adding(product: query, nextKeyVector)
        }
      }
      column += 2 * laneCount
    }
    let both = laneSums(sums, nextSums)
    for row in 0..<4 {
      scores[row * KeyStreams.stepKeys] = both[row]
      scores[row * KeyStreams.stepKeys + KeyStreams.keysPerStep] = both[4 + row]
    }
  }

  /// One row with four keys at a time.
  @inline(never)
  private static func computeScoresOfOne(
    _ query: UnsafePointer<Float>, _ columns: Int, _ keys: StreamSegment, _ prefetch: StreamPrefetch<Format>,
    into scores: UnsafeMutablePointer<Float>
  ) {
    var keys = keys
    for key in 0..<keys.keys {
      // Eight sums are as many as hide the latency of a multiply-add.
      var first: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      var second: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      var column = 0
      while column < columns {
        let firstQueries = Vector(at: query + column)
        let secondQueries = Vector(at: query + column + laneCount)
        for stream in 0..<KeyStreams.count {
          let address = keys.rows[stream] + column * Format.size
          prefetch.fetchChunk(after: address, column)
          first[stream] = first[stream].adding(product: firstQueries, Format.loadFirst(address))
          second[stream] = second[stream].adding(product: secondQueries, Format.loadSecond(address))
        }
        column += 2 * laneCount
      }
      let sums = laneSums(
        first[0] + second[0], first[1] + second[1], first[2] + second[2], first[3] + second[3])
      for stream in 0..<KeyStreams.count { scores[stream * KeyStreams.keysPerStep + key] = sums[stream] }
      keys.advance()
    }
  }

  /// −∞ for the lanes of one stream that have no key, whatever was computed there.
  func forbidMissingKeys(_ stream: Int, keys: Int) {
    var row = 0
    while row < rows {
      (score(row) + stream * KeyStreams.keysPerStep + keys)
        .update(repeating: -.infinity, count: KeyStreams.keysPerStep - keys)
      row += 1
    }
  }

  /// The cap, the bias and the masks for one stream's keys, in the order of the contract, head by head.
  @inline(never)
  func finishScores(_ keys: BlockRange, _ stream: Int, isMasked: Bool) {
    var head = 0
    while head < item.heads {
      let tile = tile(head, keys, stream, in: layout.scores)
      if problem.softcap > 0 { tile.applySoftcap(problem.softcap, keeping: nil) }
      if isMasked { applyMasks(to: tile, head: head, keys) }
      head += 1
    }
  }

  /// The rows of one head and the lanes of one stream in a panel of the workspace.
  func tile(_ head: Int, _ keys: BlockRange, _ stream: Int, in panel: Int) -> ScoreTile {
    ScoreTile(
      base: memory.floats(at: panel) + head * item.queries * KeyStreams.stepKeys + stream * KeyStreams.keysPerStep,
      stride: KeyStreams.stepKeys, rows: item.queries, vectors: paddedColumns(keys.count) / laneCount)
  }

  func applyMasks(to tile: ScoreTile, head: Int, _ keys: BlockRange) {
    let staging = memory.floats(at: layout.staging)
    if problem.bias.isPresent {
      stage(problem.bias, head: head, keys, into: staging)
      tile.add(bias: staging, stride: KeyStreams.stepKeys)
    }
    if problem.mask.isPresent {
      stage(problem.mask, head: head, keys, into: staging)
      tile.forbid(whereZero: staging, stride: KeyStreams.stepKeys)
    }
    let forbidden = problem.queriesForbidden(anyOf: keys, among: queryRange)
    if !forbidden.isEmpty {
      // Query i of row r is i = item.firstQuery + r; key j of a lane is keys.start + its position.
      let origin = item.firstQuery + problem.diagonal - keys.start
      tile.forbid(
        outside: origin - problem.left, origin + problem.right, of: positions,
        in: BlockRange(start: forbidden.start - item.firstQuery, end: forbidden.end - item.firstQuery))
    }
  }

  /// Copies the rows of a mask or bias that belong to one head as fp32.
  private func stage(
    _ operand: KernelOperand, head: Int, _ keys: BlockRange, into staging: UnsafeMutablePointer<Float>
  ) {
    let offset = operand.offset(batch: item.batch, head: item.firstHead + head, row: item.firstQuery)
    convertRows(
      operand, offset: offset + keys.start * operand.columnStride, rows: item.queries, columns: keys.count, scale: 1,
      into: staging, stride: KeyStreams.stepKeys)
  }
}
