import KernelIntrinsics

/// The items of a backward pass of flash attention.
struct BackwardWork: ParallelWork {
  /// The steps that an item does for the rows of its query heads.
  enum RowSteps { case none, prepare, prepareAndStore }

  let problem: KernelSet.Problem
  let schedule: BackwardSchedule
  let kernels: KernelSet
  /// How far each item is, by its progress index.
  let progress: UnsafeMutablePointer<Int>
  let rowSteps: RowSteps
  /// Whether an item fetches the rows of the one after it.
  let takesItemsAhead: Bool

  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) {
    var item = item(index)
    if rowSteps != .none { forEachHead(of: item) { $0.prepare(with: kernels, problem) } }
    if let next {
      withUnsafePointer(to: self.item(next)) { next in
        item.next = next
        kernels.backward(problem, &item, workspace)
      }
    } else {
      kernels.backward(problem, &item, workspace)
    }
    if rowSteps == .prepareAndStore { forEachHead(of: item) { $0.storeQueryGradient(with: kernels, problem) } }
  }

  private func item(_ index: Int) -> BackwardItem {
    let block = schedule[index]
    var item = schedule.item(block, progress + schedule.progressIndex(block))
    item.queryGradientPredecessor = counter(schedule.queryGradientPredecessor(block))
    item.biasGradientPredecessor = counter(biasGradientPredecessor(block))
    return item
  }

  /// Calls `body` with all queries of each head of an item.
  @inline(__always)
  private func forEachHead(of item: BackwardItem, _ body: (QueryRows) -> Void) {
    let headsPerGroup = problem.pointee.queryHeads / problem.pointee.keyValueHeads
    for head in item.keyValueHead * headsPerGroup..<(item.keyValueHead + 1) * headsPerGroup {
      body(QueryRows(batch: item.batch, head: head, start: 0, end: problem.pointee.queryLength))
    }
  }

  private func biasGradientPredecessor(_ block: BackwardSchedule.Block) -> BackwardSchedule.Block? {
    let bias = problem.pointee.biasGradient
    if bias.base == nil { return nil }
    return schedule.biasGradientPredecessor(
      block, sharesBatch: bias.batchStride == 0, sharesHeads: bias.headStride == 0, sharesKeys: bias.columnStride == 0)
  }

  private func counter(_ block: BackwardSchedule.Block?) -> UnsafePointer<Int>? {
    block.map { UnsafePointer(progress + schedule.progressIndex($0)) }
  }
}

extension BackwardSchedule {
  /// The keys of a block, for an item that waits for nobody.
  func item(_ block: Block, _ progress: UnsafeMutablePointer<Int>) -> BackwardItem {
    BackwardItem(
      batch: batch(block), keyValueHead: keyValueHead(block), firstKey: firstKey(block), keys: keys(block),
      progress: progress, queryGradientPredecessor: nil, biasGradientPredecessor: nil, next: nil)
  }
}

/// The queries `start..<end` of one head.
struct QueryRows {
  let batch: Int
  let head: Int
  let start: Int
  let end: Int

  /// What comes before all items of the head.
  func prepare(with kernels: KernelSet, _ problem: KernelSet.Problem) {
    kernels.prepareBackward(problem, batch, head, start, end)
  }

  /// As ``prepare(with:_:)`` where several items add to dQ: its sums begin at zero.
  func prepareSums(with kernels: KernelSet, _ problem: KernelSet.Problem) {
    let first = (batch * problem.pointee.queryHeads + head) * problem.pointee.queryLength + start
    let stride = problem.pointee.queryGradientStride
    if let sums = problem.pointee.queryGradientSum {
      (sums + first * stride).initialize(repeating: 0, count: (end - start) * stride)
    }
    prepare(with: kernels, problem)
  }

  /// What comes after them where dQ is not its sums.
  func storeQueryGradient(with kernels: KernelSet, _ problem: KernelSet.Problem) {
    kernels.storeQueryGradient(problem, batch, head, start, end)
  }
}

/// A step that is done for blocks of queries of every head, independently of each other.
struct RowBlockWork: ParallelWork {
  typealias Step = @Sendable (KernelSet, KernelSet.Problem, QueryRows) -> Void

  let kernels: KernelSet
  let problem: KernelSet.Problem
  let step: Step

  private static let rowsPerBlock = 512

  private var blocks: Int { (problem.pointee.queryLength + Self.rowsPerBlock - 1) / Self.rowsPerBlock }

  /// The number of blocks of all heads.
  var count: Int { problem.pointee.batch * problem.pointee.queryHeads * blocks }

  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) {
    let start = index % blocks * Self.rowsPerBlock
    let head = index / blocks
    let queryHeads = problem.pointee.queryHeads
    step(
      kernels, problem,
      QueryRows(
        batch: head / queryHeads, head: head % queryHeads, start: start,
        end: min(start + Self.rowsPerBlock, problem.pointee.queryLength)))
  }
}
