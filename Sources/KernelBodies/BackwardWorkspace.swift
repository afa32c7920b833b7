import KernelIntrinsics

/// The scratch memory of one backward work item.
struct BackwardWorkspace {
  /// The width of a tile: all lane groups of the key block side by side.
  let width: Int
  let packedKeys: Int
  let packedValues: Int
  let keyRows: Int
  let keyGradient: Int
  let valueGradient: Int
  let probabilities: Int
  let scoreGradients: Int
  let tangents: Int
  let staging: Int
  let permissions: Int
  let queryRows: Int
  let outputGradientRows: Int
  let queryColumns: Int
  let outputGradientColumns: Int
  let gradientRows: Int
  let positions: Int
  let factors: Int
  let biasSums: Int
  let byteCount: Int

  /// - Parameter lanes: The lanes of the kernels' vectors; a plan for another machine asks with other lanes than these.
  init(_ problem: KernelProblem, lanes: Int = laneCount) {
    let groupWidth = 3 * lanes
    width = (problem.keyBlock + groupWidth - 1) / groupWidth * groupWidth
    let queryBlock = problem.memoryRows(problem.queryBlock)
    let groups = width / groupWidth
    let tile = queryBlock * width
    let groupTile = queryBlock * groupWidth
    let keyMemory = groups * LaneGroup.memory(columns: problem.headDimension, width: groupWidth)
    let valueMemory = groups * LaneGroup.memory(columns: problem.valueDimension, width: groupWidth)
    var layout = WorkspaceLayout()
    packedKeys = layout.reserve(
      floats: groups * problem.packedMemory(columns: problem.headDimension, width: groupWidth))
    packedValues = layout.reserve(
      floats: groups * problem.packedMemory(columns: problem.valueDimension, width: groupWidth))
    keyRows = layout.reserve(floats: problem.columnVectorMemory(width, columns: problem.headDimension))
    keyGradient = layout.reserve(floats: keyMemory)
    valueGradient = layout.reserve(floats: valueMemory)
    probabilities = layout.reserve(floats: tile)
    scoreGradients = layout.reserve(floats: tile)
    tangents = layout.reserve(floats: problem.softcap > 0 ? tile : 0)
    staging = layout.reserve(floats: problem.hasElementwiseMask ? groupTile : 0)
    permissions = layout.reserve(floats: groupTile)
    queryRows = layout.reserve(floats: problem.rowMemory(problem.queryBlock, columns: problem.headDimension))
    outputGradientRows = layout.reserve(
      floats: problem.rowMemory(problem.queryBlock, columns: problem.valueDimension))
    queryColumns = layout.reserve(floats: problem.columnMemory(problem.queryBlock, columns: problem.headDimension))
    outputGradientColumns = layout.reserve(
      floats: problem.columnMemory(problem.queryBlock, columns: problem.valueDimension))
    gradientRows = layout.reserve(floats: problem.gradientRowMemory(problem.queryBlock, width: width))
    positions = layout.reserve(bytes: groupWidth * 4)
    factors = layout.reserve(floats: groupWidth)
    biasSums = layout.reserve(floats: problem.biasGradient.isPresent ? width : 0)
    byteCount = layout.byteCount
  }
}
