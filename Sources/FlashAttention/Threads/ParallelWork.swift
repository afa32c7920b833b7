/// Work that consists of items, which several threads may run at once.
///
/// A type and not a closure, because a closure that other threads may call has to be allocated.
protocol ParallelWork {
  /// Whether a thread takes its next item before it runs one, so that this can fetch what that will read. For items
  /// that take about equally long: one that is taken waits for its thread.
  var takesItemsAhead: Bool { get }

  /// Runs one item.
  ///
  /// Items write to places of their own or take turns. Which thread runs which item differs from run to run, so results
  /// must not depend on it.
  ///
  /// - Parameters:
  ///   - next: The item that the thread runs next, where it is known.
  ///   - workspace: Scratch memory of the thread.
  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer)
}

extension ParallelWork {
  var takesItemsAhead: Bool { false }

  /// Runs one item of the work of this type that lies at `work`.
  fileprivate static func run(
    _ work: UnsafeRawPointer, _ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer
  ) {
    work.assumingMemoryBound(to: Self.self).pointee.run(index, next: next, workspace)
  }
}

/// Work whose type is not known where it is run.
struct ErasedWork {
  private let work: UnsafeRawPointer
  private let type: any ParallelWork.Type
  let takesItemsAhead: Bool

  /// Refers to `work`, which must outlive this value.
  init<Work: ParallelWork>(_ work: UnsafePointer<Work>) {
    self.work = UnsafeRawPointer(work)
    type = Work.self
    takesItemsAhead = work.pointee.takesItemsAhead
  }

  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) {
    type.run(work, index, next: next, workspace)
  }
}
