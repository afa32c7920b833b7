import KernelIntrinsics

// S = Q · Kᵀ of one step, row of K by row of K.
extension ShortQueryPass {
  /// The scores of a step's keys, each stream's in its lanes: row by row of all streams in turn.
  @inline(never)
  func computeScores(_ streams: KeyStreams, _ step: Int) {
    let rowsOfKeys = StreamRows(streams, step) { address(keyRows($0), in: problem.key) }
    var row = 0
    while rows - row >= 4 {
      computeScores(Four.self, firstRow: row, rowsOfKeys)
      row += 4
    }
    while row < rows {
      computeScores(One.self, firstRow: row, rowsOfKeys)
      row += 1
    }
  }

  @inline(never)
  private func computeScores<Rows: Count>(_ rowCount: Rows.Type, firstRow: Int, _ keys: StreamRows) {
    let stride = problem.key.rowStride * Format.size
    let ahead = stride * rowsAhead(problem.headDimension)
    let queries = UnsafePointer(query(firstRow))
    let scores = score(firstRow)
    let columns = problem.headDimension
    var offset = 0
    var key = 0
    while key < keys.counts[0] {
      for stream in 0..<KeyStreams.count where key < keys.counts[stream] {
        Self.dotProducts(
          rowCount, queries, columns, keys.starts[stream] + offset, ahead,
          into: scores + stream * KeyStreams.keysPerStep + key)
      }
      offset += stride
      key += 1
    }
  }

  /// How many rows ahead to ask for: at least 512 bytes.
  @inline(__always)
  func rowsAhead(_ columns: Int) -> Int { max(1, 512 / (columns * Format.size)) }

  /// The dot products of one key with up to four rows.
  @inline(__always)
  private static func dotProducts<Rows: Count>(
    _ rowCount: Rows.Type, _ queries: UnsafePointer<Float>, _ columns: Int, _ key: UnsafeRawPointer, _ ahead: Int,
    into scores: UnsafeMutablePointer<Float>
  ) {
    var first: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
    var second: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
    var column = 0
    while column < columns {
      let address = key + column * Format.size
      kernel_prefetch_soon(address + ahead)
      let firstKeys = Format.loadFirst(address)
      let secondKeys = Format.loadSecond(address)
      for row in 0..<Rows.value {
        let query = queries + row * columns + column
        first[row] = first[row].adding(product: Vector(at: query), firstKeys)
        second[row] = second[row].adding(product: Vector(at: query + laneCount), secondKeys)
      }
      column += 2 * laneCount
    }
    let sums = laneSums(first[0] + second[0], first[1] + second[1], first[2] + second[2], first[3] + second[3])
    for row in 0..<Rows.value { scores[row * KeyStreams.stepKeys] = sums[row] }
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
    // Lanes without a key took part in whole vectors, and cap and bias made numbers of their −∞.
    var row = 0
    while row < rows {
      let scores = score(row) + stream * KeyStreams.keysPerStep
      var lane = keys.count
      while lane < paddedColumns(keys.count) {
        scores[lane] = -.infinity
        lane += 1
      }
      row += 1
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
