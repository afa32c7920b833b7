/// Runs work items on several threads.
enum Parallel {
  /// Runs each item of `work` below `count` once, on at most `threads` threads, of which the calling thread is one.
  ///
  /// Indices are handed out in rising order, so an item may wait for one with a lower index: that one has been handed
  /// to a thread that runs it, or runs one with an index that is lower still.
  ///
  /// In steady state a call allocates nothing and takes no lock.
  ///
  /// - Parameter workspaceSize: The scratch memory that each thread needs, in bytes.
  static func forEach(_ count: Int, threads: Int, workspaceSize: Int, work: some ParallelWork) {
    if count == 0 { return }
    withUnsafePointer(to: work) { work in
      let job = ParallelJob.claim()
      defer { job.release() }
      let threads = min(threads, count)
      job.prepare(ErasedWork(work), count: count, threads: threads, workspaceSize: workspaceSize)
      ThreadPool.run(job, helpers: threads - 1)
    }
  }

  /// Calls `body` once for each index below `count`, as ``forEach(_:threads:workspaceSize:work:)`` runs items.
  ///
  /// A call allocates the context of the closure; where that matters, use a type of work.
  static func forEach(
    _ count: Int, threads: Int, workspaceSize: Int, _ body: (_ index: Int, _ workspace: UnsafeMutableRawPointer) -> Void
  ) {
    withoutActuallyEscaping(body) { body in
      forEach(count, threads: threads, workspaceSize: workspaceSize, work: ClosureWork(body: body))
    }
  }

  private struct ClosureWork: ParallelWork {
    let body: (_ index: Int, _ workspace: UnsafeMutableRawPointer) -> Void

    func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) { body(index, workspace) }
  }
}
