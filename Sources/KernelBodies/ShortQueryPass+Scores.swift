import KernelIntrinsics

// S = Q · Kᵀ of one block, by tiles of rows by keys.
extension ShortQueryPass {
  func computeScores(_ keys: BlockRange, _ prefetch: RowPrefetch) {
    var prefetch = prefetch
    let linesPerKey = (prefetch.lines + keys.count - 1) / keys.count
    var row = 0
    @inline(__always)
    func addRows<Rows: Count, Keys: Count>(_ rowCount: Rows.Type, _ keyCount: Keys.Type) {
      // The lines are asked for once, with the first rows.
      let lines = row == 0 ? linesPerKey : 0
      computeScores(rowCount, keyCount, firstRow: row, keys, &prefetch, linesPerKey: lines)
      row += Rows.value
    }
    while rows - row >= 4 { addRows(Four.self, Three.self) }
    if rows - row >= 2 { addRows(Two.self, Four.self) }
    if rows - row >= 1 { addRows(One.self, Eight.self) }
  }

  @inline(never)
  private func computeScores<Rows: Count, Keys: Count>(
    _ rowCount: Rows.Type, _ keyCount: Keys.Type, firstRow: Int, _ keys: BlockRange,
    _ prefetch: UnsafeMutablePointer<RowPrefetch>, linesPerKey: Int
  ) {
    let base = address(keyRows(keys), in: problem.key)
    let stride = problem.key.rowStride * Format.size
    var key = 0
    while keys.count - key >= Keys.value {
      prefetch.pointee.fetchLines(linesPerKey * Keys.value)
      dotProducts(rowCount, keyCount, firstRow: firstRow, base + key * stride, stride, key: key)
      key += Keys.value
    }
    while key < keys.count {
      prefetch.pointee.fetchLines(linesPerKey)
      dotProducts(rowCount, One.self, firstRow: firstRow, base + key * stride, stride, key: key)
      key += 1
    }
  }

  /// The dot products of a tile, by chunks of the dimension.
  @inline(__always)
  private func dotProducts<Rows: Count, Keys: Count>(
    _ rowCount: Rows.Type, _ keyCount: Keys.Type, firstRow: Int, _ keys: UnsafeRawPointer, _ stride: Int, key: Int
  ) {
    var sums: InlineArray<12, Vector> = [
      .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros,
    ]
    let queries = query(firstRow)
    var column = 0
    while column < problem.headDimension {
      let chunk = keys + column * Format.size
      @inline(__always)
      func addHalf(_ load: (UnsafeRawPointer) -> Vector, _ queries: UnsafePointer<Float>) {
        var loaded: InlineArray<8, Vector> = [.zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros]
        for index in 0..<Keys.value { loaded[index] = load(chunk + index * stride) }
        for row in 0..<Rows.value {
          let factor = Vector(at: queries + row * problem.headDimension)
          for index in 0..<Keys.value {
            sums[index * Rows.value + row] = sums[index * Rows.value + row].adding(product: factor, loaded[index])
          }
        }
      }
      addHalf(Format.loadFirst, queries + column)
      addHalf(Format.loadSecond, queries + column + laneCount)
      column += 2 * laneCount
    }
    let scores = score(firstRow) + key
    // Four sums at a time; those of a last, incomplete four are summed with vectors that are not in use.
    for group in 0..<((Rows.value * Keys.value + 3) / 4) {
      let four = laneSums(
        sums[4 * group], sums[min(4 * group + 1, 11)], sums[min(4 * group + 2, 11)], sums[min(4 * group + 3, 11)])
      for lane in 0..<4 where 4 * group + lane < Rows.value * Keys.value {
        let index = 4 * group + lane
        scores[index % Rows.value * scoreStride + index / Rows.value] = four[lane]
      }
    }
  }

  /// The cap, the bias and the masks, in the order of the contract, head by head.
  @inline(never)
  func finishScores(_ keys: BlockRange, isMasked: Bool) {
    var head = 0
    while head < item.heads {
      let tile = tile(head, keys, in: layout.scores)
      if problem.softcap > 0 { tile.applySoftcap(problem.softcap, keeping: nil) }
      if isMasked { applyMasks(to: tile, head: head, keys) }
      head += 1
    }
  }

  /// The rows of one head in a panel of the workspace.
  func tile(_ head: Int, _ keys: BlockRange, in panel: Int) -> ScoreTile {
    ScoreTile(
      base: memory.floats(at: panel) + head * item.queries * scoreStride, stride: scoreStride, rows: item.queries,
      vectors: paddedColumns(keys.count) / laneCount)
  }

  func applyMasks(to tile: ScoreTile, head: Int, _ keys: BlockRange) {
    let staging = memory.floats(at: layout.staging)
    if problem.bias.isPresent {
      stage(problem.bias, head: head, keys, into: staging)
      tile.add(bias: staging, stride: scoreStride)
    }
    if problem.mask.isPresent {
      stage(problem.mask, head: head, keys, into: staging)
      tile.forbid(whereZero: staging, stride: scoreStride)
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
      into: staging, stride: scoreStride)
  }
}
