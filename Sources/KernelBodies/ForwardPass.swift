import KernelIntrinsics

/// The forward pass over one block of queries.
///
///     for each block of keys j that a query of the block may see
///       S = K_j · Qᵀ              queries in the lanes, base 2
///       mask S where the block is not wholly permitted
///       m' = max(m, max S);  P = 2^(S − m');  ℓ = 2^(m − m') ℓ + Σ P
///       Oᵀ = 2^(m − m') Oᵀ + V_jᵀ · P
///     O = O / ℓ;  LSE = ln 2 · m + ln ℓ
struct ForwardPass {
  let problem: KernelProblem
  let item: ForwardItem
  let layout: ForwardWorkspace
  let memory: UnsafeMutableRawPointer

  var keyValueHead: Int { item.firstHead / (problem.queryHeads / problem.keyValueHeads) }

  private var groupCount: Int {
    (item.heads * item.queries + LaneGroup.width - 1) / LaneGroup.width
  }

  @inline(__always)
  func group(_ index: Int) -> QueryGroup { QueryGroup(index, of: item, in: problem, layout, memory) }

  func run() {
    var index = 0
    while index < groupCount {
      prepare(group(index))
      index += 1
    }

    let keys = problem.keys(seenBy: BlockRange(start: item.firstQuery, end: item.firstQuery + item.queries))
    // Blocks lie on a fixed grid, so that a block's sums do not depend on which queries share the item.
    var first = keys.start / problem.keyBlock * problem.keyBlock
    while first < keys.end {
      advance(over: BlockRange(start: first, end: min(first + problem.keyBlock, keys.end)))
      first += problem.keyBlock
    }

    index = 0
    while index < groupCount {
      finish(group(index))
      index += 1
    }
  }

  func prepare(_ group: QueryGroup) {
    packTransposed(
      group.lanes, of: problem.query, columns: problem.headDimension, firstColumn: 0, scale: problem.scoreFactor,
      into: group.packed)
    group.softmax.reset()
    var lane = 0
    while lane < LaneGroup.width {
      let row = lane < group.lanes.count ? group.lanes.row(lane) - item.firstQuery : 0
      group.positions[lane] = Int32(truncatingIfNeeded: row)
      lane += 1
    }
  }

  private func advance(over block: BlockRange) {
    let keyRows = RowBlock(
      problem.key, batch: item.batch, head: keyValueHead, firstRow: block.start, rows: block.count,
      columns: problem.headDimension, scratch: memory.floats(at: layout.keyRows))
    let valueRows = RowBlock(
      problem.value, batch: item.batch, head: keyValueHead, firstRow: block.start, rows: block.count,
      columns: problem.valueDimension, scratch: memory.floats(at: layout.valueRows))

    var index = 0
    while index < groupCount {
      let group = group(index)
      let keys = block.intersection(group.keys)
      if !keys.isEmpty {
        advance(group, over: keys, keyRows, valueRows, firstRow: keys.start - block.start)
      }
      index += 1
    }
  }

  private func advance(
    _ group: QueryGroup, over keys: BlockRange, _ keyRows: RowBlock, _ valueRows: RowBlock, firstRow: Int
  ) {
    let width = LaneGroup.width
    let tile = ScoreTile(
      base: memory.floats(at: layout.scores), stride: width, rows: keys.count, vectors: group.lanes.vectors)
    multiply(
      rows: tile.rows, vectors: tile.vectors, depth: problem.headDimension, keyRows.byRow(from: firstRow),
      group.packed, stride: width, into: tile.base, destinationStride: width, start: .zero)

    let isMasked = problem.hasElementwiseMask || !problem.permitsAll(queries: group.queries, keys: keys)
    if problem.softcap > 0 { tile.applySoftcap(problem.softcap, keeping: nil) }
    if isMasked { applyMasks(to: tile, of: group, keys) }
    group.softmax.update(with: tile)
    addValues(
      tile, keys, valueRows, firstRow: firstRow, to: group, isMasked: isMasked,
      start: keys.start == group.keys.start ? .zero : .scaledDestination(by: group.softmax.factors))
  }

  /// Oᵀ = start + Vᵀ · P for the keys of one tile.
  @inline(__always)
  func addValues(
    _ tile: ScoreTile, _ keys: BlockRange, _ valueRows: RowBlock, firstRow: Int, to group: QueryGroup, isMasked: Bool,
    start: AccumulatorStart
  ) {
    let rows = RowBlock(base: valueRows.base + firstRow * valueRows.stride, stride: valueRows.stride)
    // A forbidden key weighs exactly zero, but zero times a NaN or an infinity in its value would be NaN.
    if isMasked && rows.hasNonFinite(rows: keys.count, columns: problem.valueDimension) {
      addPermittedValues(tile, keys, rows, to: group, start: start)
    } else {
      multiply(
        rows: problem.valueDimension, vectors: tile.vectors, depth: keys.count, rows.byColumn(from: 0), tile.base,
        stride: tile.stride, into: group.output, destinationStride: LaneGroup.width, start: start)
    }
  }

  /// The bias and the masks, in the order of the contract.
  @inline(never)
  func applyMasks(to tile: ScoreTile, of group: QueryGroup, _ keys: BlockRange) {
    let width = LaneGroup.width
    let staging = memory.floats(at: layout.staging)
    if problem.bias.isPresent {
      packTransposed(
        group.lanes, of: problem.bias, columns: keys.count, firstColumn: keys.start, scale: 1, into: staging)
      tile.add(bias: staging, stride: width)
    }
    if problem.mask.isPresent {
      packTransposed(
        group.lanes, of: problem.mask, columns: keys.count, firstColumn: keys.start, scale: 1, into: staging)
      tile.forbid(whereZero: staging, stride: width)
    }
    if !problem.permitsAll(queries: group.queries, keys: keys) {
      // Key j of row r is j = keys.start + r; query i of a lane is item.firstQuery + its position.
      let origin = keys.start - problem.diagonal - item.firstQuery
      tile.forbid(outside: origin - problem.right, origin + problem.left, of: group.positions)
    }
  }

  /// Oᵀ = start + Vᵀ · P over the permitted pairs only. Rare, so plain.
  @inline(never)
  private func addPermittedValues(
    _ tile: ScoreTile, _ keys: BlockRange, _ values: RowBlock, to group: QueryGroup, start: AccumulatorStart
  ) {
    let width = LaneGroup.width
    // Masking a tile of zeros shows which pairs are forbidden.
    let permissions = ScoreTile(
      base: memory.floats(at: layout.permissions), stride: width, rows: tile.rows, vectors: tile.vectors)
    permissions.clear()
    applyMasks(to: permissions, of: group, keys)
    var column = 0
    while column < problem.valueDimension {
      var lane = 0
      while lane < tile.vectors * laneCount {
        let target = group.output + column * width + lane
        var sum: Float =
          switch start {
          case .zero: 0
          case .destination: target.pointee
          case .scaledDestination(let factors): target.pointee * factors[lane]
          }
        var row = 0
        while row < tile.rows {
          if permissions.base[row * width + lane] != -.infinity {
            sum = sum.adding(
              product: tile.base[row * tile.stride + lane], values.base[row * values.stride + column])
          }
          row += 1
        }
        target.pointee = sum
        lane += 1
      }
      column += 1
    }
  }

  private func finish(_ group: QueryGroup) {
    if group.keys.isEmpty {
      group.output.update(repeating: 0, count: LaneGroup.width * problem.valueDimension)
    }
    storeTransposed(
      group.output, columns: problem.valueDimension, factors: finishSoftmax(group), to: group.lanes,
      of: problem.output)
  }

  /// Writes the rows' log-sum-exp and returns the reciprocals of their sums.
  func finishSoftmax(_ group: QueryGroup) -> UnsafePointer<Float> {
    let sums = group.softmax.sum
    let reciprocals = group.softmax.factors
    var lane = 0
    while lane < group.lanes.count {
      // A row without a permitted key gives zeros.
      reciprocals[lane] = sums[lane] == 0 ? 0 : 1 / sums[lane]
      let row =
        (item.batch * problem.queryHeads + group.lanes.head(lane)) * problem.queryLength + group.lanes.row(lane)
      problem.logSumExp.unsafelyUnwrapped[row] = kernel_log_sum_exp(group.softmax.maximum[lane], sums[lane])
      lane += 1
    }
    return UnsafePointer(reciprocals)
  }
}
