import KernelIntrinsics

/// The items of a forward pass of flash attention, or the parts of them.
struct ForwardWork: ParallelWork {
  let problem: KernelSet.Problem
  let schedule: ForwardSchedule
  let kernel: @Sendable (KernelSet.Problem, UnsafePointer<ForwardItem>, KernelSet.Workspace) -> Void
  /// Where parts leave their rows; nil where an item is the whole of its rows.
  let partialRows: PartialRows?
  /// Whether an item fetches the rows of the one after it.
  let takesItemsAhead: Bool

  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) {
    var item = schedule[index]
    item.partialRows = partialRows?.first(of: item)
    if let next {
      withUnsafePointer(to: schedule[next]) { next in
        item.next = next
        kernel(problem, &item, workspace)
      }
    } else {
      kernel(problem, &item, workspace)
    }
  }
}

/// The merges of the parts of a forward pass.
struct MergeWork: ParallelWork {
  let problem: KernelSet.Problem
  let schedule: ForwardSchedule
  let kernel:
    @Sendable (
      KernelSet.Problem, UnsafePointer<ForwardItem>, _ parts: KernelSet.Floats, _ count: Int, _ partStride: Int
    ) -> Void
  let partialRows: PartialRows

  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) {
    var item = schedule.rows(of: index)
    kernel(problem, &item, partialRows.first(of: item), schedule.parts, schedule.rowCount * partialRows.stride)
  }
}

/// The rows of all parts of a forward pass, each normalised by itself, with what merging them takes.
struct PartialRows {
  let stride: Int
  private let schedule: ForwardSchedule
  private let base: UnsafeMutablePointer<Float>

  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where there is not enough memory.
  static func withMemory(
    for schedule: ForwardSchedule, stride: Int, _ body: (PartialRows) throws -> Void
  ) throws {
    let count = schedule.parts * schedule.rowCount * stride
    try Scratch.withMemory(byteCount: count * 4, for: "attention to parts of the keys") { memory in
      try body(
        PartialRows(
          stride: stride, schedule: schedule, base: memory.bindMemory(to: Float.self, capacity: max(count, 1))))
    }
  }

  /// The first row of an item.
  func first(of item: ForwardItem) -> UnsafeMutablePointer<Float> {
    base + schedule.firstPartialRow(item) * stride
  }
}
