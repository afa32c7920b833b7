import KernelIntrinsics

extension ForwardItem {
  /// How its queries are dealt out. With the matrix unit the keys that all queries of a group may see come in
  /// differently from the others; so which queries those are may not depend on where items end.
  @inline(__always)
  func laneGroups(in problem: KernelProblem) -> LaneGroups {
    LaneGroups(rows: heads * queries, sharesTail: problem.matrixUnitParts == 0)
  }
}

/// One lane group of queries on its way through the keys.
struct QueryGroup {
  var lanes: LaneGroup
  /// The keys that at least one of its queries may see.
  var keys: BlockRange
  /// Its queries; where it spans heads, the queries of all heads.
  var queries: BlockRange
  var packed: UnsafeMutablePointer<Float>
  var output: UnsafeMutablePointer<Float>
  var positions: UnsafeMutablePointer<Int32>
  var softmax: OnlineSoftmax

  @inline(__always)
  init(
    _ index: Int, of item: ForwardItem, in problem: KernelProblem, _ layout: ForwardWorkspace,
    _ memory: UnsafeMutableRawPointer
  ) {
    let width = LaneGroup.width
    let groups = item.laneGroups(in: problem)
    let start = groups.start(of: index)
    lanes = LaneGroup(
      batch: item.batch, firstHead: item.firstHead, firstRow: item.firstQuery, rowsPerHead: item.queries,
      start: start, count: groups.start(of: index + 1) - start)
    queries = BlockRange(start: lanes.lowestRow, end: lanes.highestRow + 1)
    keys = problem.keys(seenBy: queries).intersection(item.keyRange)
    packed = memory.floats(at: layout.packedQueries) + index * problem.packedMemory(columns: problem.headDimension)
    output = memory.floats(at: layout.outputs) + index * LaneGroup.memory(columns: problem.valueDimension)
    positions = (memory + layout.positions).assumingMemoryBound(to: Int32.self) + index * width
    let state = memory.floats(at: layout.states) + index * width * OnlineSoftmax.numbersPerLane
    softmax = OnlineSoftmax(
      maximum: state, sum: state + width, factors: state + 2 * width, tileMaximum: state + 3 * width)
  }

  /// The queries in the lanes of one vector; where the group spans heads, whose lanes are in no order, all of them.
  @inline(__always)
  func queries(ofVector vector: Int) -> BlockRange {
    lanes.spansHeads ? queries : queries.part(ofVector: vector)
  }
}
