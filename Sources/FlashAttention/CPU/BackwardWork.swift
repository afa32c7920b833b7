import KernelIntrinsics

/// The items of a backward pass of flash attention.
struct BackwardWork: ParallelWork {
  let problem: KernelSet.Problem
  let schedule: BackwardSchedule
  let kernel: @Sendable (KernelSet.Problem, UnsafePointer<BackwardItem>, KernelSet.Workspace) -> Void
  /// How far each item is, by its progress index.
  let progress: UnsafeMutablePointer<Int>

  func run(_ index: Int, _ workspace: UnsafeMutableRawPointer) {
    let block = schedule[index]
    var item = schedule.item(block, progress + schedule.progressIndex(block))
    item.queryGradientPredecessor = counter(schedule.queryGradientPredecessor(block))
    item.biasGradientPredecessor = counter(biasGradientPredecessor(block))
    kernel(problem, &item, workspace)
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
      progress: progress, queryGradientPredecessor: nil, biasGradientPredecessor: nil)
  }
}

/// A step that is done for blocks of queries of every head, independently of each other.
struct RowBlockWork: ParallelWork {
  /// The queries `start..<end` of one head.
  struct Rows {
    let batch: Int
    let head: Int
    let start: Int
    let end: Int
  }

  typealias Step = @Sendable (KernelSet, KernelSet.Problem, Rows) -> Void

  let kernels: KernelSet
  let problem: KernelSet.Problem
  let step: Step

  private static let rowsPerBlock = 512

  private var blocks: Int { (problem.pointee.queryLength + Self.rowsPerBlock - 1) / Self.rowsPerBlock }

  /// The number of blocks of all heads.
  var count: Int { problem.pointee.batch * problem.pointee.queryHeads * blocks }

  func run(_ index: Int, _ workspace: UnsafeMutableRawPointer) {
    let start = index % blocks * Self.rowsPerBlock
    let head = index / blocks
    let queryHeads = problem.pointee.queryHeads
    step(
      kernels, problem,
      Rows(
        batch: head / queryHeads, head: head % queryHeads, start: start,
        end: min(start + Self.rowsPerBlock, problem.pointee.queryLength)))
  }
}
