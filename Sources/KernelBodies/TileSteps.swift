/// A tile along a diagonal as steps of a staircase: consecutive rows, each with the vectors of which a lane may be
/// seen.
///
/// The rows of a tile are one axis of the scores and its lanes the other, so that a causal mask forbids about a half of
/// a tile on the diagonal. A product that runs over steps leaves out what is forbidden to whole vectors. What it leaves
/// out is not computed, and has to be masked by whoever reads it.
struct TileSteps {
  private var steps: InlineArray<3, TileStep>
  private(set) var count = 0

  /// All of a tile.
  init(rows: Int, vectors: Int) {
    let all = TileStep(rows: BlockRange(start: 0, end: rows), vectors: BlockRange(start: 0, end: vectors))
    steps = [all, all, all]
    count = 1
  }

  /// A tile whose vectors end one after the other: rows are keys, lanes are queries.
  ///
  /// - Parameters:
  ///   - rowStep: What the rows of steps are multiples of, or 8 where that is more.
  ///   - end: The number of rows that a vector needs, no fewer than the vector before it.
  @inline(__always)
  static func ending(rows: Int, vectors: Int, rowStep: Int, at end: (_ vector: Int) -> Int) -> TileSteps {
    let rowStep = max(rowStep, 8)
    var steps = TileSteps(rows: rows, vectors: vectors)
    steps.count = 0
    var start = 0
    for vector in 0..<3 where vector < vectors {
      // Whole register tiles, and at least one, so that every vector of the result is begun.
      let end = min(rows, max(rowStep, (end(vector) + rowStep - 1) / rowStep * rowStep))
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
  ///   - rowStep: As for ``ending(rows:vectors:rowStep:at:)``.
  ///   - start: The first row that a vector needs, not before that of the vector before it.
  @inline(__always)
  static func beginning(rows: Int, vectors: Int, rowStep: Int, at start: (_ vector: Int) -> Int) -> TileSteps {
    let rowStep = max(rowStep, 8)
    var steps = TileSteps(rows: rows, vectors: vectors)
    steps.count = 0
    var end = rows
    for index in 0..<3 where index < vectors {
      let vector = vectors - 1 - index
      let start = vector == 0 ? 0 : max(0, start(vector) / rowStep * rowStep)
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
