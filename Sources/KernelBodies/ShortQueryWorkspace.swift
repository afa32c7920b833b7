import KernelIntrinsics

/// The scratch memory of one forward work item of few rows.
struct ShortQueryWorkspace {
  let queries: Int
  let outputs: Int
  let maxima: Int
  let sums: Int
  let positions: Int
  let scores: Int
  let tile: Int
  let staging: Int
  let zeroRow: Int
  let rowCopies: Int
  let lastChunks: Int
  let byteCount: Int

  /// - Parameter lanes: The lanes of the kernels' vectors; a plan for another machine asks with other lanes than these.
  init(_ problem: KernelProblem, lanes: Int = laneCount) {
    let rows = RowGroup.paddedRows(kernel_most_few_rows(lanes))
    let panel = KeyStreams.scoresPerStep(lanes: lanes)
    var layout = WorkspaceLayout()
    queries = layout.reserve(floats: rows * wholeChunks(problem.headDimension, lanes: lanes))
    outputs = layout.reserve(floats: rows * wholeChunks(problem.valueDimension, lanes: lanes))
    maxima = layout.reserve(floats: rows)
    sums = layout.reserve(floats: rows)
    positions = layout.reserve(bytes: KeyStreams.mostKeysPerStep * 4)
    scores = layout.reserve(floats: panel)
    tile = layout.reserve(floats: panel)
    staging = layout.reserve(floats: problem.hasElementwiseMask ? panel : 0)
    zeroRow = layout.reserve(floats: max(problem.headDimension, problem.valueDimension))
    rowCopies = layout.reserve(floats: KeyStreams.count * max(problem.headDimension, problem.valueDimension))
    // One chunk of each stream, of the largest elements.
    lastChunks = layout.reserve(floats: KeyStreams.count * wholeChunks(1, lanes: lanes))
    byteCount = layout.byteCount
  }
}
