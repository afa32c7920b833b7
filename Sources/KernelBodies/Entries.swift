import KernelIntrinsics

// The whole public surface of a kernel module: concrete functions of pointers, so that no generic code is shared
// between instruction sets.

/// The number of rows that fill the lanes of one tile.
public var laneGroupWidth: Int { LaneGroup.width }

/// The scratch memory of one forward work item, in bytes.
public func forwardWorkspaceSize(_ problem: UnsafePointer<KernelProblem>) -> Int {
  forwardWorkspaceSize(problem, lanes: laneCount)
}

/// The scratch memory of one backward work item, in bytes.
public func backwardWorkspaceSize(_ problem: UnsafePointer<KernelProblem>) -> Int {
  backwardWorkspaceSize(problem, lanes: laneCount)
}

/// The scratch memory of one forward work item of the module whose vectors have `lanes` lanes, in bytes.
///
/// A plan for another machine asks the portable module, because none of the code of a module may run where its
/// instruction set does not.
public func forwardWorkspaceSize(_ problem: UnsafePointer<KernelProblem>, lanes: Int) -> Int {
  // Which pass serves an item is known when its operands are.
  let general = ForwardWorkspace(problem.pointee, lanes: lanes).byteCount
  let short = ShortQueryWorkspace(problem.pointee, lanes: lanes).byteCount
  return general > short ? general : short
}

/// The scratch memory of one backward work item of the module whose vectors have `lanes` lanes, in bytes.
public func backwardWorkspaceSize(_ problem: UnsafePointer<KernelProblem>, lanes: Int) -> Int {
  BackwardWorkspace(problem.pointee, lanes: lanes).byteCount
}

/// Computes the output and the log-sum-exp of the queries of `item`.
public func attendForward(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer
) {
  if problem.pointee.isShort(item.pointee) {
    attendShortQueries(problem, item, workspace)
    return
  }
  var body = item.pointee
  if var tail = problem.pointee.splitTail(of: &body) {
    if body.queries > 0 { attendQueriesInLanes(problem, &body, workspace) }
    attendShortQueries(problem, &tail, workspace)
  } else {
    attendQueriesInLanes(problem, item, workspace)
  }
}

private func attendQueriesInLanes(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer
) {
  #if ISA_AVX512BF16
    if problem.pointee.isBrainFloat {
      forwardPass(problem, item, workspace, PairTerms.self).run()
      return
    }
  #endif
  forwardPass(problem, item, workspace, FloatTerms.self).run()
}

/// Merges the partial rows of the queries of `item` into their output and log-sum-exp.
///
/// - Parameters:
///   - parts: The partial rows of the first part of the keys.
///   - count: The number of parts.
///   - partStride: The distance of neighbouring parts, in elements.
public func mergeForward(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ parts: UnsafeMutablePointer<Float>,
  count: Int, partStride: Int
) {
  mergePartialRows(problem.pointee, item.pointee, parts: parts, count: count, partStride: partStride)
}

/// Computes the gradients of the keys and values of `item` and adds its part to the gradient of the queries.
public func attendBackward(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer
) {
  #if ISA_AVX512BF16
    if problem.pointee.isBrainFloat {
      backwardPass(problem, item, workspace, PairTerms.self).run()
      return
    }
  #endif
  backwardPass(problem, item, workspace, FloatTerms.self).run()
}

/// Computes what the backward pass needs of the queries `start..<end` of one head.
public func prepareBackward(
  _ problem: UnsafePointer<KernelProblem>, batch: Int, head: Int, start: Int, end: Int
) {
  prepareBackwardRows(problem.pointee, batch: batch, head: head, rows: BlockRange(start: start, end: end))
}

/// Rounds the finished sums of dQ to its element type, for the queries `start..<end` of one head.
public func storeQueryGradient(
  _ problem: UnsafePointer<KernelProblem>, batch: Int, head: Int, start: Int, end: Int
) {
  storeQueryGradientRows(problem.pointee, batch: batch, head: head, rows: BlockRange(start: start, end: end))
}

// MARK: The matrix unit

#if ISA_AMX
  /// As ``attendForward(_:_:_:)`` on a processor with the matrix unit, which serves problems whose `matrixUnitParts`
  /// are not 0.
  public func attendForwardByMatrixUnit(
    _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer
  ) {
    let parts = problem.pointee.matrixUnitParts
    if parts == 0 {
      attendForward(problem, item, workspace)
    } else if problem.pointee.isShort(item.pointee) {
      // Where there is a matrix unit, the dot product does half of what multiply-adds do.
      attendConvertedRows(problem, item, workspace)
    } else if parts == 1 {
      kernel_configure_tiles()
      forwardPass(problem, item, workspace, MatrixUnitTerms.self).run()
      kernel_release_tiles()
    } else if parts == 2 {
      attendInParts(problem, item, workspace, SplitHalfTerms.self)
    } else {
      attendInParts(problem, item, workspace, SplitFloatTerms.self)
    }
  }

  @inline(__always)
  private func attendInParts<Terms: SplitTerms>(
    _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer,
    _ terms: Terms.Type
  ) {
    kernel_configure_tiles()
    let isFinite = forwardPass(problem, item, workspace, Terms.self).runFinite()
    kernel_release_tiles()
    if isFinite { return }
    // A row does not depend on the rows beside it, so that those that are finite stay as they are.
    item.pointee.forEachNonFiniteRun(in: problem.pointee) { run in
      var run = run
      forwardPass(problem, &run, workspace, FloatTerms.self).run()
    }
  }

  /// As ``attendBackward(_:_:_:)`` on a processor with the matrix unit.
  public func attendBackwardByMatrixUnit(
    _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer
  ) {
    switch problem.pointee.matrixUnitParts {
    case 1: differentiateByMatrixUnit(problem, item, workspace, MatrixUnitTerms.self)
    case 2: differentiateByMatrixUnit(problem, item, workspace, SplitHalfTerms.self)
    default: attendBackward(problem, item, workspace)
    }
  }

  private func differentiateByMatrixUnit<Terms: GradientTerms>(
    _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer,
    _ terms: Terms.Type
  ) {
    kernel_configure_tiles()
    backwardPass(problem, item, workspace, Terms.self).run()
    kernel_release_tiles()
  }
#endif

// MARK: Standard attention

/// Computes the scores of one panel of queries.
public func standardScores(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer,
  _ panel: UnsafeMutablePointer<Float>
) {
  forwardPass(problem, item, workspace, FloatTerms.self).computeScores(into: panel)
}

/// Turns the scores of one panel of queries into probabilities.
public func standardProbabilities(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer,
  _ panel: UnsafeMutablePointer<Float>
) {
  forwardPass(problem, item, workspace, FloatTerms.self).computeProbabilities(in: panel)
}

/// Multiplies the probabilities of one panel of queries by the values.
public func standardOutput(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer,
  _ panel: UnsafeMutablePointer<Float>
) {
  forwardPass(problem, item, workspace, FloatTerms.self).computeOutput(from: panel)
}

/// Computes the probabilities and the gradients of the scores of one panel of keys and one query head.
public func standardScoreGradients(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer,
  head: Int, probabilities: UnsafeMutablePointer<Float>, scoreGradients: UnsafeMutablePointer<Float>
) {
  backwardPass(problem, item, workspace, FloatTerms.self).computePanel(
    head: head, tiles: panelTiles(probabilities, scoreGradients))
}

/// Computes the gradients of the keys and values of one panel of keys.
public func standardKeyValueGradients(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer,
  panelsOfHeads: Int, probabilities: UnsafeMutablePointer<Float>, scoreGradients: UnsafeMutablePointer<Float>
) {
  backwardPass(problem, item, workspace, FloatTerms.self).computeKeyValueGradients(
    firstHead: panelTiles(probabilities, scoreGradients), panelsOfHeads: panelsOfHeads)
}

/// Adds the part of one panel of keys to the gradient of the queries `start..<end` of one head.
public func standardQueryGradients(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer,
  head: Int, start: Int, end: Int, probabilities: UnsafeMutablePointer<Float>,
  scoreGradients: UnsafeMutablePointer<Float>
) {
  backwardPass(problem, item, workspace, FloatTerms.self).addQueryGradients(
    head: head, rows: BlockRange(start: start, end: end), tiles: panelTiles(probabilities, scoreGradients))
}

// MARK: Ceilings

/// The numbers of which a call of ``readMemory(_:count:sink:)`` reads a multiple.
public var readGranularity: Int { readStep }

/// Does fp32 multiply-adds in registers, a fixed number in each round, and stores a vector that depends on all of them.
///
/// - Returns: The number of floating-point operations.
public func repeatMultiplyAdds(_ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>) -> Int {
  runMultiplyAdds(rounds, seed: seed, sink: sink)
}

#if ISA_AVX512BF16
  /// Does dot products of pairs of bf16 numbers in registers as ``repeatMultiplyAdds(_:seed:sink:)`` does
  /// multiply-adds.
  public func repeatPairProducts(_ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>) -> Int {
    runPairProducts(rounds, seed: seed, sink: sink)
  }
#endif

#if ISA_AMX
  /// Adds products of tiles of bf16 numbers as ``repeatMultiplyAdds(_:seed:sink:)`` does multiply-adds.
  public func repeatTileProducts(_ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>) -> Int {
    runTileProducts(rounds, seed: seed, sink: sink)
  }
#endif

/// Reads numbers, and stores a vector that depends on all of them.
public func readMemory(_ start: UnsafePointer<Float>, count: Int, sink: UnsafeMutablePointer<Float>) {
  readAll(start, count: count, sink: sink)
}

@inline(__always)
private func forwardPass<Terms: TermArithmetic>(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer,
  _ terms: Terms.Type
) -> ForwardPass<Terms> {
  ForwardPass(
    problem: problem.pointee, item: item.pointee, layout: ForwardWorkspace(problem.pointee), memory: workspace)
}

private func attendShortQueries(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer
) {
  #if ISA_AVX512BF16
    if problem.pointee.isBrainFloat {
      shortQueryPass(problem, item, workspace, PairRows.self).run()
      return
    }
  #endif
  attendConvertedRows(problem, item, workspace)
}

private func attendConvertedRows(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer
) {
  switch problem.pointee.key.stored {
  case .float32, .boolean: shortQueryPass(problem, item, workspace, ConvertedRows<Float32Format>.self).run()
  case .float16: shortQueryPass(problem, item, workspace, ConvertedRows<Float16Format>.self).run()
  case .bfloat16: shortQueryPass(problem, item, workspace, ConvertedRows<BrainFloatFormat>.self).run()
  }
}

@inline(__always)
private func shortQueryPass<Rows: RowTerms>(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<ForwardItem>, _ workspace: UnsafeMutableRawPointer,
  _ rows: Rows.Type
) -> ShortQueryPass<Rows> {
  ShortQueryPass(
    problem: problem.pointee, item: item.pointee, layout: ShortQueryWorkspace(problem.pointee), memory: workspace)
}

@inline(__always)
private func backwardPass<Terms: GradientTerms>(
  _ problem: UnsafePointer<KernelProblem>, _ item: UnsafePointer<BackwardItem>, _ workspace: UnsafeMutableRawPointer,
  _ terms: Terms.Type
) -> BackwardPass<Terms> {
  BackwardPass(
    problem: problem.pointee, item: item.pointee, layout: BackwardWorkspace(problem.pointee), memory: workspace)
}

@inline(__always)
private func panelTiles(
  _ probabilities: UnsafeMutablePointer<Float>, _ scoreGradients: UnsafeMutablePointer<Float>
) -> BackwardTiles {
  BackwardTiles(probabilities: probabilities, scoreGradients: scoreGradients, stride: LaneGroup.width)
}
