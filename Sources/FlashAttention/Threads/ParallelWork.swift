/// Work that consists of items, which several threads may run at once.
///
/// A type and not a closure, because a closure that other threads may call has to be allocated.
protocol ParallelWork {
  /// Runs one item.
  ///
  /// Items write to places of their own or take turns. Which thread runs which item differs from run to run, so results
  /// must not depend on it.
  ///
  /// - Parameter workspace: Scratch memory of the thread.
  func run(_ index: Int, _ workspace: UnsafeMutableRawPointer)
}

extension ParallelWork {
  /// Runs one item of the work of this type that lies at `work`.
  fileprivate static func run(_ work: UnsafeRawPointer, _ index: Int, _ workspace: UnsafeMutableRawPointer) {
    work.assumingMemoryBound(to: Self.self).pointee.run(index, workspace)
  }
}

/// Work whose type is not known where it is run.
struct ErasedWork {
  private let work: UnsafeRawPointer
  private let type: any ParallelWork.Type

  /// Refers to `work`, which must outlive this value.
  init<Work: ParallelWork>(_ work: UnsafePointer<Work>) {
    self.work = UnsafeRawPointer(work)
    type = Work.self
  }

  func run(_ index: Int, _ workspace: UnsafeMutableRawPointer) { type.run(work, index, workspace) }
}
