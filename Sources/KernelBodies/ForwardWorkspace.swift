import KernelIntrinsics

/// The scratch memory of one forward work item.
struct ForwardWorkspace {
  let groups: Int
  let packedQueries: Int
  let outputs: Int
  let states: Int
  let positions: Int
  /// Where the probabilities of a block begin, whose scores end with them.
  let probabilities: Int
  let scores: Int
  /// Two times the scores of 32 keys; see ForwardPass+Interleaved.swift.
  let scorePieces: Int
  let staging: Int
  let keyRows: Int
  let valueRows: Int
  let finiteValueRows: Int
  let permissions: Int
  let byteCount: Int

  /// - Parameter lanes: The lanes of the kernels' vectors; a plan for another machine asks with other lanes than these.
  init(_ problem: KernelProblem, lanes: Int = laneCount) {
    let width = 3 * lanes
    groups = (problem.queryBlock + width - 1) / width
    let keyBlock = problem.memoryRows(problem.keyBlock)
    var layout = WorkspaceLayout()
    packedQueries = layout.reserve(floats: groups * problem.packedMemory(columns: problem.headDimension, width: width))
    outputs = layout.reserve(floats: groups * LaneGroup.memory(columns: problem.valueDimension, width: width))
    states = layout.reserve(floats: groups * width * OnlineSoftmax.numbersPerLane)
    positions = layout.reserve(bytes: groups * width * 4)
    let probabilityRows = problem.termRows(keyBlock)
    probabilities = layout.reserve(floats: probabilityRows * width)
    scores = probabilities + (probabilityRows - keyBlock) * width * 4
    scorePieces = layout.reserve(floats: problem.matrixUnitParts > 0 ? 2 * 32 * width : 0)
    staging = layout.reserve(floats: problem.hasElementwiseMask ? keyBlock * width : 0)
    keyRows = layout.reserve(floats: problem.rowMemory(problem.keysPerVisit, columns: problem.headDimension))
    valueRows = layout.reserve(floats: problem.columnMemory(problem.keysPerVisit, columns: problem.valueDimension))
    finiteValueRows = layout.reserve(floats: problem.columnMemory(problem.keyBlock, columns: problem.valueDimension))
    permissions = layout.reserve(floats: keyBlock * width)
    byteCount = layout.byteCount
  }
}
