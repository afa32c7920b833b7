import Dispatch
import Synchronization

/// Runs work items on several threads.
enum Parallel {
  /// Calls `body` once for each index below `count`, on at most `threads` threads.
  ///
  /// Indices are handed out in rising order, so an item may wait for one with a lower index: that one has been handed to
  /// a thread that runs. Which thread takes which item differs from run to run, so `body` must not let results depend on
  /// it.
  ///
  /// - Parameter workspaceSize: The scratch memory that each thread needs, in bytes.
  static func forEach(
    _ count: Int, threads: Int, workspaceSize: Int, _ body: (_ index: Int, _ workspace: UnsafeMutableRawPointer) -> Void
  ) {
    if count == 0 { return }
    withoutActuallyEscaping(body) { body in
      let job = Job(body: body)
      let next = Atomic<Int>(0)
      let workers = min(threads, count)
      if workers == 1 {
        job.work(next, count, workspaceSize)
      } else {
        DispatchQueue.concurrentPerform(iterations: workers) { _ in job.work(next, count, workspaceSize) }
      }
    }
  }

  /// Work that may run on several threads at once: items write to places of their own or take turns, which the compiler
  /// cannot see.
  private struct Job: @unchecked Sendable {
    let body: (_ index: Int, _ workspace: UnsafeMutableRawPointer) -> Void

    func work(_ next: borrowing Atomic<Int>, _ count: Int, _ workspaceSize: Int) {
      let workspace = UnsafeMutableRawPointer.allocate(byteCount: max(workspaceSize, 1), alignment: 64)
      defer { workspace.deallocate() }
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { return }
        body(index, workspace)
      }
    }
  }
}
