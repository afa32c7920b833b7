import KernelIntrinsics

// Standard attention, the peer of the flash kernels: the same products and masks, but with the whole matrix of scores
// in memory and one pass over it for each of its three stages. The matrix of one head is stored in panels of one lane
// group of queries: [panel, key, lane].

extension ForwardPass where Terms == FloatTerms {
  private func panelTile(_ panel: UnsafeMutablePointer<Float>, _ keys: BlockRange) -> ScoreTile {
    ScoreTile(
      base: panel + keys.start * LaneGroup.width, stride: LaneGroup.width, rows: keys.count,
      vectors: group(0).lanes.vectors)
  }

  /// Calls `body` for each block of keys.
  @inline(__always)
  private func forEachKeyBlock(_ body: (BlockRange) -> Void) {
    var first = 0
    while first < problem.keyLength {
      body(BlockRange(start: first, end: min(first + problem.keyBlock, problem.keyLength)))
      first += problem.keyBlock
    }
  }

  /// Stage 1: S = K · Qᵀ with softcap, bias and masks, for one panel.
  func computeScores(into panel: UnsafeMutablePointer<Float>) {
    let group = group(0)
    prepare(group)
    forEachKeyBlock { keys in
      let tile = panelTile(panel, keys)
      multiply(
        rows: tile.rows, vectors: tile.vectors, depth: problem.headDimension, keyRows(keys).byRow(from: 0),
        group.packed,
        stride: LaneGroup.width, into: tile.base, destinationStride: LaneGroup.width, start: .zero)
      if problem.softcap > 0 { tile.applySoftcap(problem.softcap, keeping: nil) }
      if isMasked(group, keys) {
        applyMasks(to: tile, TileSteps(rows: tile.rows, vectors: tile.vectors), of: group, keys, factor: 1)
      }
    }
  }

  /// Stage 2: P = softmax(S) in place, and the log-sum-exp of its rows.
  func computeProbabilities(in panel: UnsafeMutablePointer<Float>) {
    let group = group(0)
    group.softmax.reset()
    let tile = panelTile(panel, BlockRange(start: 0, end: problem.keyLength))
    group.softmax.update(
      with: tile, TileSteps(rows: tile.rows, vectors: tile.vectors), factor: 1, isMaximumKnown: false,
      into: tile.base, as: FloatProbabilities.self)
    let reciprocals = finishSoftmax(group)
    var row = 0
    while row < tile.rows {
      var lane = 0
      while lane < tile.vectors * laneCount {
        let pointer = tile.base + row * tile.stride + lane
        (Vector(at: pointer) * Vector(at: reciprocals + lane)).store(at: pointer)
        lane += laneCount
      }
      row += 1
    }
  }

  /// Stage 3: O = P · V.
  func computeOutput(from panel: UnsafeMutablePointer<Float>) {
    let group = group(0)
    prepare(group)
    outputs(of: group).clear()
    forEachKeyBlock { keys in
      let tile = panelTile(panel, keys)
      addValues(
        tile, TileSteps(rows: tile.rows, vectors: tile.vectors), keys, valueRows(keys), firstRow: 0, to: group,
        searchingValues: isMasked(group, keys), start: .destination)
    }
    let factors = group.softmax.factors
    factors.update(repeating: 1, count: LaneGroup.width)
    outputs(of: group).store(factors: factors, to: problem.output)
  }
}
