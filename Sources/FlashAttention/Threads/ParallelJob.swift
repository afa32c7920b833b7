import Synchronization

/// One call of ``Parallel/forEach(_:threads:workspaceSize:work:)``, as its threads see it.
///
/// Jobs are claimed from a list and used again: they hold the scratch memory of the calling thread.
final class ParallelJob: Claimable, @unchecked Sendable {
  private static let idle = ClaimList<ParallelJob>()

  private let next = Atomic<Int>(0)
  private let scratch = Scratch()
  private var count = 0
  private var threads = 1
  /// The scratch memory that each thread needs, in bytes.
  private(set) var workspaceSize = 0
  private var work: ErasedWork?

  static func claim() -> ParallelJob {
    if let job = idle.claim() { return job }
    let job = ParallelJob()
    idle.add(job)
    return job
  }

  /// Sets the job up, before any thread works on it.
  func prepare(_ work: ErasedWork, count: Int, threads: Int, workspaceSize: Int) {
    next.store(0, ordering: .relaxed)
    self.work = work
    self.count = count
    self.threads = threads
    self.workspaceSize = workspaceSize
  }

  /// Runs items on the calling thread until none is left, with the job's own scratch memory.
  func runItems() { runItems(scratch) }

  /// Runs items on the calling thread until none is left.
  func runItems(_ scratch: Scratch) {
    guard let work else { preconditionFailure("a job without work") }
    scratch.withMemory(byteCount: workspaceSize) { workspace in
      var item = takeItem()
      while let index = item {
        let ahead = work.takesItemsAhead ? takeItemAhead() : nil
        work.run(index, next: ahead, workspace)
        item = ahead ?? takeItem()
      }
    }
  }

  private func takeItem() -> Int? {
    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return index < count ? index : nil
  }

  /// Takes an item where there is one for every other thread as well, so that nobody keeps a last item to itself.
  private func takeItemAhead() -> Int? {
    next.load(ordering: .relaxed) + threads <= count ? takeItem() : nil
  }
}
