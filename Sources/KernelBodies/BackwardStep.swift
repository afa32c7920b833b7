import KernelIntrinsics

/// Where P and dS of one step lie: rows of queries by the item's keys, `stride` elements apart.
struct BackwardTiles {
  var probabilities: UnsafeMutablePointer<Float>
  var scoreGradients: UnsafeMutablePointer<Float>
  var stride: Int
}

/// One step of the backward pass: one block of keys against one block of queries of one head.
struct BackwardStep {
  let pass: BackwardPass
  let head: Int
  let queries: BlockRange
  /// The step's place in the order in which an item works.
  let number: Int
  let tiles: BackwardTiles
  let queryRows: RowBlock
  let outputGradientRows: RowBlock

  @inline(__always)
  init(_ pass: BackwardPass, head: Int, queries: BlockRange, number: Int, tiles: BackwardTiles) {
    self.pass = pass
    self.head = head
    self.queries = queries
    self.number = number
    self.tiles = tiles
    let problem = pass.problem
    queryRows = RowBlock(
      problem.query, batch: pass.item.batch, head: head, firstRow: queries.start, rows: queries.count,
      columns: problem.headDimension, scratch: pass.memory.floats(at: pass.layout.queryRows))
    outputGradientRows = RowBlock(
      problem.outputGradient, batch: pass.item.batch, head: head, firstRow: queries.start, rows: queries.count,
      columns: problem.valueDimension, scratch: pass.memory.floats(at: pass.layout.outputGradientRows))
  }

  var problem: KernelProblem { pass.problem }

  /// The lane groups of which a key may be seen by one of the queries.
  var groups: BlockRange { pass.groups(holding: problem.keys(seenBy: queries)) }

  func run() {
    let groups = groups
    if groups.isEmpty { return }
    differentiateScores(groups)
    if mayMultiplyNonFinite() {
      addPermittedKeyValueProducts(groups)
      pass.waitForQueryGradientTurn(number + 1)
      addPermittedQueryProducts(groups)
    } else {
      addKeyValueProducts(groups)
      pass.waitForQueryGradientTurn(number + 1)
      addQueryProducts(groups)
    }
  }

  // MARK: Places

  @inline(__always)
  func probabilities(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    tiles.probabilities + row * tiles.stride + group * LaneGroup.width
  }

  @inline(__always)
  func scoreGradients(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    tiles.scoreGradients + row * tiles.stride + group * LaneGroup.width
  }

  @inline(__always)
  func tangents(_ group: Int, row: Int) -> UnsafeMutablePointer<Float> {
    pass.memory.floats(at: pass.layout.tangents) + row * tiles.stride + group * LaneGroup.width
  }

  /// The index of the step's first query in arrays of one value per row.
  var firstRowIndex: Int {
    (pass.item.batch * problem.queryHeads + head) * problem.queryLength + queries.start
  }

  var queryGradientRows: UnsafeMutablePointer<Float> {
    problem.queryGradientSum.unsafelyUnwrapped + firstRowIndex * problem.queryGradientStride
  }

  /// The rows of the block whose query may see a key of the group.
  func rows(seeing group: LaneGroup) -> BlockRange {
    let seeing = problem.queries(seeing: pass.keys(of: group)).intersection(queries)
    return BlockRange(start: seeing.start - queries.start, end: seeing.end - queries.start)
  }

  // MARK: The last three products

  func addKeyValueProducts(_ groups: BlockRange) {
    var index = groups.start
    while index < groups.end {
      let lanes = pass.lanes(index)
      let rows = rows(seeing: lanes)
      if !rows.isEmpty {
        multiply(
          rows: problem.valueDimension, vectors: lanes.vectors, depth: rows.count,
          outputGradientRows.byColumn(from: rows.start), probabilities(index, row: rows.start), stride: tiles.stride,
          into: pass.valueGradient(index), destinationStride: LaneGroup.width, start: .destination)
        multiply(
          rows: problem.headDimension, vectors: lanes.vectors, depth: rows.count,
          queryRows.byColumn(from: rows.start), scoreGradients(index, row: rows.start), stride: tiles.stride,
          into: pass.keyGradient(index), destinationStride: LaneGroup.width, start: .destination)
      }
      index += 1
    }
  }

  func addQueryProducts(_ groups: BlockRange) {
    let firstKey = groups.start * LaneGroup.width
    multiply(
      rows: queries.count, vectors: problem.queryGradientStride / laneCount,
      depth: min(groups.end * LaneGroup.width, pass.item.keys) - firstKey,
      ScalarOperand<ByRow>(base: scoreGradients(groups.start, row: 0), stride: tiles.stride),
      pass.scaledKeys + firstKey * problem.queryGradientStride, stride: problem.queryGradientStride,
      into: queryGradientRows, destinationStride: problem.queryGradientStride, start: .destination)
  }
}
