/// A tile along a diagonal as steps of a staircase: consecutive rows, each with the vectors of which a lane may be
/// seen.
///
/// The rows of a tile are one axis of the scores and its lanes the other, so that a causal mask forbids about a half of
/// a tile on the diagonal. A product that runs over steps leaves out what is forbidden to whole vectors. What it leaves
/// out is not computed, and has to be masked by whoever reads it.
struct TileSteps {
  private var steps: InlineArray<3, TileStep>
  private(set) var count = 0
  private let tileRows: Int
  private var edge = Edge.none

  /// Where the rows of a lane begin or end along a diagonal: one row later than those of the lane before it, as far as
  /// the tile has such rows.
  private enum Edge {
    case none
    /// The rows end, in lane 0 at this one.
    case end(Int)
    /// The rows begin, in lane 0 with this one.
    case start(Int)
  }

  /// All of a tile.
  init(rows: Int, vectors: Int) {
    let all = TileStep(rows: BlockRange(start: 0, end: rows), vectors: BlockRange(start: 0, end: vectors))
    steps = [all, all, all]
    count = 1
    tileRows = rows
  }

  /// Whether lanes have less than all rows.
  var isDiagonal: Bool { if case .none = edge { false } else { true } }

  /// A tile whose vectors end one after the other: rows are keys, lanes are queries.
  ///
  /// - Parameters:
  ///   - rowStep: What the rows of steps are multiples of, or 8 where that is more.
  ///   - firstEnd: The number of rows that the first lane needs, of which there may be none; each further lane needs one
  ///     more.
  @inline(__always)
  static func ending(rows: Int, lanes: Int, rowStep: Int, firstEnd: Int) -> TileSteps {
    let rowStep = max(rowStep, 8)
    let vectors = (lanes + laneCount - 1) / laneCount
    var steps = TileSteps(rows: rows, vectors: vectors)
    if firstEnd < rows { steps.edge = .end(firstEnd) }
    steps.count = 0
    var start = 0
    for vector in 0..<3 where vector < vectors {
      // Whole register tiles, and at least one, so that every vector of the result is begun.
      let needed = firstEnd + min((vector + 1) * laneCount, lanes) - 1
      let end = min(rows, max(rowStep, (needed + rowStep - 1) / rowStep * rowStep))
      if end > start {
        steps.append(BlockRange(start: start, end: end), BlockRange(start: vector, end: vectors))
        start = end
      }
    }
    return steps
  }

  /// A tile whose vectors begin one after the other: rows are queries, lanes are keys.
  ///
  /// - Parameters:
  ///   - rowStep: As for ``ending(rows:lanes:rowStep:firstEnd:)``.
  ///   - firstStart: The first row that the first lane needs, which may lie before the tile; each further lane begins
  ///     one row later.
  @inline(__always)
  static func beginning(rows: Int, vectors: Int, rowStep: Int, firstStart: Int) -> TileSteps {
    let rowStep = max(rowStep, 8)
    var steps = TileSteps(rows: rows, vectors: vectors)
    if firstStart + vectors * laneCount > 1 { steps.edge = .start(firstStart) }
    steps.count = 0
    var end = rows
    for index in 0..<3 where index < vectors {
      let vector = vectors - 1 - index
      let start = vector == 0 ? 0 : max(0, firstStart + vector * laneCount) / rowStep * rowStep
      if start < end {
        steps.append(BlockRange(start: start, end: end), BlockRange(start: 0, end: vector + 1))
        end = start
      }
    }
    return steps
  }

  private mutating func append(_ rows: BlockRange, _ vectors: BlockRange) {
    steps[count] = TileStep(rows: rows, vectors: vectors)
    count += 1
  }

  /// Whether the first step takes in all of a tile's vectors.
  func firstHasAllVectors(of vectors: Int) -> Bool {
    count > 0 && steps[0].vectors.start == 0 && steps[0].vectors.end == vectors
  }

  @inline(__always)
  func forEach(_ body: (TileStep) -> Void) {
    var index = 0
    while index < count {
      body(steps[index])
      index += 1
    }
  }

  /// The rows that one of some lanes needs, which may be none. They begin with a multiple of `rowStep`.
  @inline(__always)
  func rows(ofLanes lanes: BlockRange, rowStep: Int) -> BlockRange {
    switch edge {
    case .none: BlockRange(start: 0, end: tileRows)
    case .end(let first): BlockRange(start: 0, end: max(0, min(first + lanes.end - 1, tileRows)))
    case .start(let first):
      BlockRange(start: min(max(0, first + lanes.start), tileRows) / rowStep * rowStep, end: tileRows)
    }
  }

  /// The rows of the steps that have a vector: those up to the last one.
  @inline(__always)
  func rows(ofVector vector: Int) -> Int {
    var end = 0
    forEach { step in
      if step.vectors.start <= vector && vector < step.vectors.end { end = max(end, step.rows.end) }
    }
    return end
  }
}

/// Consecutive rows of a tile and some of its vectors.
struct TileStep {
  var rows: BlockRange
  var vectors: BlockRange
}
