import KernelIntrinsics

// The backward pass of standard attention: P and dS are whole matrices in memory, stored in panels of one lane group of
// keys, [panel, query, lane]; the key block of the pass is one lane group.

extension BackwardPass where Terms == FloatTerms {
  private func step(_ head: Int, _ queries: BlockRange, _ tiles: BackwardTiles) -> BackwardStep<FloatTerms> {
    let start = queries.start * tiles.stride
    return BackwardStep(
      pass: self, head: head, queries: queries, number: 0,
      tiles: BackwardTiles(
        probabilities: tiles.probabilities + start, scoreGradients: tiles.scoreGradients + start,
        stride: tiles.stride))
  }

  /// Stage 1: P and dS of the panel of one query head.
  func computePanel(head: Int, tiles: BackwardTiles) {
    packKeysAndValues()
    forEachQueryBlock { queries in
      let step = step(head, queries, tiles)
      _ = step.differentiateScores(step.groups)
    }
  }

  /// Stage 2: dK and dV of the panel's keys, over all query heads of their group.
  ///
  /// - Parameter panelsOfHeads: The distance between the panels of neighbouring query heads, in elements.
  func computeKeyValueGradients(firstHead tiles: BackwardTiles, panelsOfHeads: Int) {
    fillPositions()
    var head = 0
    while head < headsPerGroup {
      let headTiles = BackwardTiles(
        probabilities: tiles.probabilities + head * panelsOfHeads,
        scoreGradients: tiles.scoreGradients + head * panelsOfHeads, stride: tiles.stride)
      forEachQueryBlock { queries in
        let step = step(item.keyValueHead * headsPerGroup + head, queries, headTiles)
        step.addKeyValueProducts(step.groups, step.rows())
      }
      head += 1
    }
    storeGradients()
  }

  /// Stage 3: the part of dQ that comes from the panel's keys.
  func addQueryGradients(head: Int, rows: BlockRange, tiles: BackwardTiles) {
    let keysAreFinite = !keyRange.hasNonFinite(in: problem.key)
    let keyRows = keyRows(areFinite: keysAreFinite)
    fillPositions()
    forEachQueryBlock { queries in
      if queries.start < rows.start || queries.start >= rows.end { return }
      let step = step(head, queries, tiles)
      step.addQueryProducts(step.groups, step.packTiles(step.groups), keyRows)
      if !keysAreFinite { step.addNonFiniteKeys(step.groups) }
    }
  }
}
