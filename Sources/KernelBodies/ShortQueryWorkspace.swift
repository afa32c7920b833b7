import KernelIntrinsics

/// The scratch memory of one forward work item of few rows.
struct ShortQueryWorkspace {
  let queries: Int
  let outputs: Int
  let maxima: Int
  let sums: Int
  let positions: Int
  let scores: Int
  let permissions: Int
  let staging: Int
  let byteCount: Int

  init(_ problem: KernelProblem) {
    let rows = shortQueryRows
    var layout = WorkspaceLayout()
    queries = layout.reserve(floats: rows * problem.headDimension)
    outputs = layout.reserve(floats: rows * problem.valueDimension)
    maxima = layout.reserve(floats: rows)
    sums = layout.reserve(floats: rows)
    positions = layout.reserve(bytes: paddedColumns(problem.keyBlock) * 4)
    scores = layout.reserve(floats: rows * paddedColumns(problem.keyBlock))
    permissions = layout.reserve(floats: rows * paddedColumns(problem.keyBlock))
    staging = layout.reserve(floats: rows * paddedColumns(problem.keyBlock))
    byteCount = layout.byteCount
  }
}
