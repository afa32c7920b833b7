import KernelIntrinsics

/// Where P and dS of one step lie: rows of queries by the item's keys, `stride` elements apart.
struct BackwardTiles {
  var probabilities: UnsafeMutablePointer<Float>
  var scoreGradients: UnsafeMutablePointer<Float>
  var stride: Int
}

/// One step of the backward pass: one block of keys against one block of queries of one head.
struct BackwardStep<Terms: GradientTerms> {
  let pass: BackwardPass<Terms>
  let head: Int
  let queries: BlockRange
  /// The step's place in the order in which an item works.
  let number: Int
  let tiles: BackwardTiles
  /// Whether the products of keys and values are those of finite numbers, where others want care.
  var keysAndValuesAreFinite = true

  var problem: KernelProblem { pass.problem }

  /// The lane groups of which a key may be seen by one of the queries, and those before them that complete a step of a
  /// product: dQ is summed in steps that begin at the same keys, whatever the items.
  var groups: BlockRange {
    var groups = pass.groups(holding: problem.keys(seenBy: queries))
    while groups.start > 0
      && Terms.stepStart(pass.laneGroups.start(of: groups.start))
        != pass.laneGroups.start(of: groups.start)
    {
      groups.start -= 1
    }
    return groups
  }

  func run(_ keyRows: RowBlock<Terms>, keysAreFinite: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>) {
    let groups = groups
    if groups.isEmpty {
      if pass.hasAllKeys { pass.clearQueryGradient(queries, head: head) }
      return
    }
    let rows = differentiateScores(groups, prefetch)
    let gradientRows = packTiles(groups)
    addKeyValueProducts(groups, rows, prefetch)
    pass.waitForQueryGradientTurn(number + 1)
    addQueryProducts(groups, gradientRows, keyRows)
    if !keysAreFinite { addNonFiniteKeys(groups) }
  }

  // MARK: Places

  @inline(__always)
  func probabilities(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    tiles.probabilities + row * tiles.stride + pass.laneGroups.start(of: group)
  }

  @inline(__always)
  func scoreGradients(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    tiles.scoreGradients + row * tiles.stride + pass.laneGroups.start(of: group)
  }

  /// The terms of P that begin with a row.
  @inline(__always)
  func probabilityTerms(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    probabilities(group, row: Terms.termRow(row))
  }

  /// The terms of dS that begin with a row.
  @inline(__always)
  func scoreGradientTerms(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    scoreGradients(group, row: Terms.termRow(row))
  }

  @inline(__always)
  func tangents(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    pass.memory.floats(at: pass.layout.tangents) + row * tiles.stride + pass.laneGroups.start(of: group)
  }

  /// The index of the step's first query in arrays of one value per row.
  var firstRowIndex: Int {
    (pass.item.batch * problem.queryHeads + head) * problem.queryLength + queries.start
  }

  var queryGradientRows: UnsafeMutablePointer<Float> { pass.queryGradientRows(queries, head: head) }

  /// The rows of the block whose query may see a key of the group, in whole steps of a product.
  func rows(seeing group: LaneGroup) -> BlockRange {
    let seeing = problem.queries(seeing: pass.keys(of: group)).intersection(queries)
    if seeing.isEmpty { return BlockRange(start: 0, end: 0) }
    return BlockRange(
      start: Terms.stepStart(seeing.start - queries.start),
      end: min(Terms.stepEnd(seeing.end - queries.start), queries.count))
  }

  /// Whether no step before this one has added to dK and dV of a lane group of which this one sees keys.
  func isFirst(of group: LaneGroup) -> Bool {
    head == pass.item.keyValueHead * pass.headsPerGroup
      && problem.queries(seeing: pass.keys(of: group)).start >= queries.start
  }

  /// What of the group's columns of a tile, over the rows that ``rows(seeing:)`` gives, some query may see.
  func steps(of group: LaneGroup, _ rows: BlockRange) -> TileSteps {
    let keys = pass.keys(of: group)
    let first = queries.start + rows.start
    if problem.permitsAll(queries: BlockRange(start: first, end: queries.start + rows.end), keys: keys) {
      return TileSteps(rows: rows.count, vectors: group.vectors)
    }
    return .beginning(
      rows: rows.count, vectors: group.vectors, rowStep: Terms.rowStep,
      firstStart: problem.queryStart(seeing: keys.start) - first)
  }

  var queryRange: OperandRange {
    OperandRange(
      batch: pass.item.batch, head: head, firstRow: queries.start, rows: queries.count,
      columns: problem.headDimension)
  }

  var outputGradientRange: OperandRange {
    OperandRange(
      batch: pass.item.batch, head: head, firstRow: queries.start, rows: queries.count,
      columns: problem.valueDimension)
  }

  /// Q and dO of the block, whose terms run along the columns.
  struct Rows {
    let queries: RowBlock<Terms>
    let outputGradients: RowBlock<Terms>

    var areFinite: Bool { queries.isFinite && outputGradients.isFinite }
  }

  func rows() -> Rows {
    let layout = pass.layout
    return Rows(
      queries: Terms.rows(
        problem.query, queryRange, isFinite: true, scratch: pass.memory.floats(at: layout.queryRows)),
      outputGradients: Terms.rows(
        problem.outputGradient, outputGradientRange, isFinite: true,
        scratch: pass.memory.floats(at: layout.outputGradientRows)))
  }

  /// About as many register tiles as P, dP, dV and dK take.
  var registerTiles: Int {
    let groups = groups
    var tiles = 0
    var index = groups.start
    while index < groups.end {
      let lanes = pass.lanes(index)
      let rows = rows(seeing: lanes)
      if !rows.isEmpty {
        let steps = steps(of: lanes, rows)
        steps.forEach { step in
          let tileRows = registerTileRows(vectors: step.vectors.count)
          tiles += 2 * ((step.rows.count + tileRows - 1) / tileRows)
        }
        tiles += pass.keyGradient(index).registerTiles(steps) + pass.valueGradient(index).registerTiles(steps)
      }
      index += 1
    }
    return tiles
  }

  // MARK: The last three products

  /// Rounds P and dS to the format of products, and returns dS by rows.
  func packTiles(_ groups: BlockRange) -> RowBlock<Terms> {
    Terms.packTiles(
      tiles, rows: queries.count, lanes: pass.lanes(of: groups),
      scratch: pass.memory.floats(at: pass.layout.gradientRows))
  }

  /// dV += Pᵀ · dO and dK += dSᵀ · Q.
  func addKeyValueProducts(
    _ groups: BlockRange, _ rows: Rows, _ prefetch: UnsafeMutablePointer<Prefetch>? = nil
  ) {
    let isCareful = Terms.keepsNonFinite ? forbidsNonFinite() : !rows.areFinite
    let queries = Terms.columns(
      problem.query, queryRange, isFinite: !isCareful, rows: isCareful ? nil : rows.queries,
      scratch: pass.memory.floats(at: pass.layout.queryColumns), prefetch: nil)
    let outputGradients = Terms.columns(
      problem.outputGradient, outputGradientRange, isFinite: !isCareful,
      rows: isCareful ? nil : rows.outputGradients,
      scratch: pass.memory.floats(at: pass.layout.outputGradientColumns), prefetch: nil)
    var index = groups.start
    while index < groups.end {
      let lanes = pass.lanes(index)
      let rows = self.rows(seeing: lanes)
      if !rows.isEmpty {
        let steps = steps(of: lanes, rows)
        var start = AccumulatorStart.destination
        if isFirst(of: lanes) {
          if steps.firstHasAllVectors(of: lanes.vectors) { start = .zero } else { pass.clearGradients(of: index) }
        }
        Terms.add(
          LaneProducts(
            tile: probabilityTerms(index, row: rows.start), stride: tiles.stride, steps: steps,
            operand: outputGradients, firstRow: rows.start),
          to: pass.valueGradient(index), start: start, prefetch)
        Terms.add(
          LaneProducts(
            tile: scoreGradientTerms(index, row: rows.start), stride: tiles.stride, steps: steps,
            operand: queries, firstRow: rows.start),
          to: pass.keyGradient(index), start: start, prefetch)
      }
      index += 1
    }
    if isCareful { addNonFiniteRows(groups) }
  }

  /// The rows of dS that are multiplied at once along a diagonal, with the keys that they may see, because dS is 0
  /// elsewhere. 24 is a multiple of the rows of every register tile, and a step one of the matrix unit's.
  private static var stripRows: Int { max(24, Terms.rowStep) }

  /// The rows of all strips that hold one of `rows`.
  func strips(holding rows: BlockRange) -> BlockRange {
    BlockRange(
      start: rows.start / Self.stripRows * Self.stripRows,
      end: min((rows.end + Self.stripRows - 1) / Self.stripRows * Self.stripRows, queries.count))
  }

  /// dQ += dS · K, or dQ = dS · K where these are all keys.
  func addQueryProducts(_ groups: BlockRange, _ gradientRows: RowBlock<Terms>, _ keyRows: RowBlock<Terms>) {
    let lanes = pass.lanes(of: groups)
    let keys = BlockRange(start: pass.item.firstKey + lanes.start, end: pass.item.firstKey + lanes.end)
    let height = problem.permitsAll(queries: queries, keys: keys) ? queries.count : Self.stripRows
    var row = 0
    while row < queries.count {
      let rows = min(height, queries.count - row)
      let first = queries.start + row
      let strip = BlockRange(start: first, end: first + rows)
      let seen = problem.keys(seenBy: strip).intersection(keys)
      if seen.isEmpty {
        if pass.hasAllKeys { pass.clearQueryGradient(strip, head: head) }
      } else {
        // Counted from the first lane, where rows of dS begin.
        let firstLane = Terms.stepStart(seen.start - keys.start)
        let firstKey = lanes.start + firstLane
        let gradients = RowBlock<Terms>(
          base: gradientRows.base + firstLane / Terms.numbersPerTerm, stride: gradientRows.stride)
        multiply(
          rows: rows, vectors: problem.queryGradientStride / laneCount,
          depth: Terms.depth(seen.end - keys.start - firstLane), gradients.byRow(from: row),
          keyRows.vectors(from: firstKey), stride: keyRows.stride,
          into: queryGradientRows + row * problem.queryGradientStride, destinationStride: problem.queryGradientStride,
          start: pass.hasAllKeys ? .zero : .destination, accuracy: .ofRoundedOperand)
      }
      row += rows
    }
  }
}
