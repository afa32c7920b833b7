import KernelIntrinsics

/// The scratch memory of one forward work item of few rows.
struct ShortQueryWorkspace {
  let queries: Int
  let outputs: Int
  let maxima: Int
  let sums: Int
  let positions: Int
  let scores: Int
  let probabilities: Int
  let permissions: Int
  let staging: Int
  let zeroRow: Int
  let finiteRows: Int
  let byteCount: Int

  /// - Parameter lanes: The lanes of the kernels' vectors; a plan for another machine asks with other lanes than these.
  init(_ problem: KernelProblem, lanes: Int = laneCount) {
    let rows = shortQueryRows(lanes: lanes)
    let panel = rows * KeyStreams.stepKeys
    var layout = WorkspaceLayout()
    queries = layout.reserve(floats: rows * problem.headDimension)
    outputs = layout.reserve(floats: rows * problem.valueDimension)
    maxima = layout.reserve(floats: rows)
    sums = layout.reserve(floats: rows)
    positions = layout.reserve(bytes: KeyStreams.keysPerStep * 4)
    scores = layout.reserve(floats: panel)
    probabilities = layout.reserve(floats: (rows + 3) / 4 * 4 * KeyStreams.stepKeys)
    permissions = layout.reserve(floats: panel)
    staging = layout.reserve(floats: panel)
    zeroRow = layout.reserve(floats: max(problem.headDimension, problem.valueDimension))
    finiteRows = layout.reserve(floats: KeyStreams.count * problem.valueDimension)
    byteCount = layout.byteCount
  }
}
