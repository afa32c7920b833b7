import Foundation
import Synchronization
import Testing

@testable import FlashAttention

@Suite("Work on several threads")
struct ParallelTests {
  @Test("Every item runs exactly once", arguments: [0, 1, 2, 3, 100, 1001], [1, 2, 5])
  func everyItem(count: Int, threads: Int) {
    let runs = Tally(count)
    Parallel.forEach(count, threads: threads, workspaceSize: 0) { index, _ in runs.add(1, at: index) }
    #expect(runs.counts == [Int](repeating: 1, count: count))
  }

  /// Each item waits for all others, so it takes as many threads as items; and it waits in a process of its own,
  /// because the calls of other tests may have claimed the pool's threads.
  @Test("As many threads work as were asked for, cores or not")
  func asMany() async {
    await #expect(processExitsWith: .success) {
      for threads in [2, 1, 9, 4] {
        let arrived = Atomic<Int>(0)
        let identities = Identities(threads)
        Parallel.forEach(threads, threads: threads, workspaceSize: 0) { index, _ in
          identities.note(index)
          arrived.add(1, ordering: .relaxed)
          while arrived.load(ordering: .relaxed) < threads { sched_yield() }
        }
        #expect(identities.distinct.count == threads)
        #expect(identities.distinct.contains(pthread_self()), "the calling thread works too")
      }
      #expect(ThreadPool.workerCount == 8)
    }
  }

  @Test("Never do more threads work than were asked for, whatever the pool holds", arguments: [1, 2, 3])
  func notMore(threads: Int) {
    Parallel.forEach(6, threads: 6, workspaceSize: 0) { _, _ in usleep(100) }
    let identities = Identities(60)
    Parallel.forEach(60, threads: threads, workspaceSize: 0) { index, _ in
      identities.note(index)
      usleep(100)
    }
    #expect((1...threads).contains(identities.distinct.count))
  }

  /// The worker has no thread, so that it begins with nothing.
  @Test("A worker whose offer is taken back keeps no more memory than after work", arguments: [1 << 20, 65 << 20])
  func takenBack(workspaceSize: Int) {
    let worker = PoolWorker()
    let job = ParallelJob()
    withUnsafePointer(to: AheadWork { _, _ in }) { work in
      job.prepare(ErasedWork(work), count: 1, threads: 2, workspaceSize: workspaceSize)
      worker.work(on: job)
      #expect(worker.scratch.byteCount >= workspaceSize)
      worker.takeBackOffer()
      #expect(worker.scratch.byteCount == (workspaceSize > 64 << 20 ? 0 : workspaceSize))
    }
  }

  @Test("The pool never holds more threads than the largest call asked for")
  func poolSize() async {
    await #expect(processExitsWith: .success) {
      #expect(ThreadPool.workerCount == 0)
      Parallel.forEach(9, threads: 1, workspaceSize: 0) { _, _ in }
      #expect(ThreadPool.workerCount == 0)
      await withTaskGroup { group in
        for _ in 0..<20 {
          group.addTask { Parallel.forEach(50, threads: 3, workspaceSize: 0) { _, _ in usleep(50) } }
        }
      }
      #expect((1...2).contains(ThreadPool.workerCount))
    }
  }

  @Test("An item may wait for one with a lower index", arguments: [2, 3, 7])
  func order(threads: Int) {
    for _ in 0..<20 {
      let finished = Atomic<Int>(0)
      Parallel.forEach(100, threads: threads, workspaceSize: 0) { index, _ in
        while finished.load(ordering: .acquiring) < index { sched_yield() }
        finished.store(index + 1, ordering: .releasing)
      }
      #expect(finished.load(ordering: .relaxed) == 100)
    }
  }

  @Test("Items taken ahead run once each, on the thread that took them", arguments: [1, 2, 3, 100], [1, 2, 5])
  func ahead(count: Int, threads: Int) {
    let runs = Tally(count)
    let identities = Identities(count)
    let announced = Tally(count)
    let announcers = Identities(count)
    Parallel.forEach(
      count, threads: threads, workspaceSize: 0,
      work: AheadWork { index, next in
        runs.add(1, at: index)
        identities.note(index)
        if let next {
          announced.add(1, at: next)
          announcers.note(next)
        }
        usleep(10)
      })
    #expect(runs.counts == [Int](repeating: 1, count: count))
    for index in 0..<count where announced.counts[index] > 0 {
      #expect(announced.counts[index] == 1)
      #expect(identities[index] == announcers[index])
    }
    if count == 100 { #expect(announced.counts.reduce(0, +) >= count - 3 * threads) }
  }

  /// Each item waits for all others; see ``asMany()``.
  @Test("No thread takes an item ahead that another could run at once")
  func aheadOfNobody() async {
    await #expect(processExitsWith: .success) {
      for threads in [2, 3, 8] {
        let arrived = Atomic<Int>(0)
        Parallel.forEach(
          threads, threads: threads, workspaceSize: 0,
          work: AheadWork { _, next in
            #expect(next == nil)
            arrived.add(1, ordering: .relaxed)
            while arrived.load(ordering: .relaxed) < threads { sched_yield() }
          })
      }
    }
  }

  @Test("An item taken ahead may wait for one with a lower index", arguments: [2, 3, 7])
  func orderAhead(threads: Int) {
    for _ in 0..<20 {
      let finished = Atomic<Int>(0)
      Parallel.forEach(
        100, threads: threads, workspaceSize: 0,
        work: AheadWork { index, _ in
          while finished.load(ordering: .acquiring) < index { sched_yield() }
          finished.store(index + 1, ordering: .releasing)
        })
      #expect(finished.load(ordering: .relaxed) == 100)
    }
  }

  @Test("A call within an item finishes and runs all its items")
  func nested() {
    let runs = Tally(6 * 5 * 4)
    Parallel.forEach(6, threads: 3, workspaceSize: 64) { outer, _ in
      Parallel.forEach(5, threads: 3, workspaceSize: 64) { middle, _ in
        Parallel.forEach(4, threads: 2, workspaceSize: 64) { inner, _ in
          runs.add(1, at: (outer * 5 + middle) * 4 + inner)
        }
      }
    }
    #expect(runs.counts == [Int](repeating: 1, count: runs.counts.count))
  }

  @Test("Calls from many tasks at once finish and run all their items")
  func concurrent() async {
    let runs = Tally(40 * 30)
    await withTaskGroup { group in
      for task in 0..<40 {
        group.addTask {
          Parallel.forEach(30, threads: 1 + task % 4, workspaceSize: 64) { index, _ in
            runs.add(1, at: task * 30 + index)
          }
        }
      }
    }
    #expect(runs.counts == [Int](repeating: 1, count: runs.counts.count))
  }

  @Test("Threads that work at the same time have scratch memory of their own", arguments: [100, 5000, 100_000])
  func workspaces(size: Int) async {
    await withTaskGroup { group in
      for task in 0..<8 {
        group.addTask {
          Parallel.forEach(40, threads: 3, workspaceSize: size) { index, workspace in
            #expect(UInt(bitPattern: workspace) % 64 == 0)
            let bytes = UnsafeMutableRawBufferPointer(start: workspace, count: size)
            let own = UInt8(truncatingIfNeeded: task * 40 + index)
            for byte in bytes.indices { bytes[byte] = own }
            sched_yield()
            #expect(bytes.allSatisfy { $0 == own })
          }
        }
      }
    }
  }

  @Test("Scratch memory is used again, and grows where more is needed")
  func scratch() {
    func address(_ byteCount: Int, _ scratch: Scratch) -> UnsafeMutableRawPointer {
      scratch.withMemory(byteCount: byteCount) { memory in
        memset(memory, 1, byteCount)
        return memory
      }
    }
    let scratch = Scratch()
    let first = address(1, scratch)
    #expect(address(4096, scratch) == first)
    #expect(address(0, scratch) == first)
    let grown = address(1 << 20, scratch)
    #expect(address(100, scratch) == grown)
  }
}

// Atomics and places of their own instead of locks: the thread sanitizer does not see into the standard library's
// `Mutex`.

/// Work that takes items ahead.
private struct AheadWork: ParallelWork {
  var takesItemsAhead: Bool { true }
  let body: (_ index: Int, _ next: Int?) -> Void

  init(_ body: @escaping (_ index: Int, _ next: Int?) -> Void) { self.body = body }

  func run(_ index: Int, next: Int?, _ workspace: UnsafeMutableRawPointer) { body(index, next) }
}

/// Counters that threads may add to at the same time.
private final class Tally: @unchecked Sendable {
  private let counters: UnsafeMutableBufferPointer<Atomic<Int>>

  init(_ count: Int) {
    counters = .allocate(capacity: count)
    for index in counters.indices { counters.initializeElement(at: index, to: Atomic(0)) }
  }

  func add(_ amount: Int, at index: Int) { counters[index].add(amount, ordering: .relaxed) }

  var counts: [Int] { counters.indices.map { counters[$0].load(ordering: .relaxed) } }

  deinit { counters.deallocate() }
}

/// The threads that ran each item.
private final class Identities: @unchecked Sendable {
  private let threads: UnsafeMutableBufferPointer<pthread_t>

  init(_ count: Int) {
    threads = .allocate(capacity: count)
    threads.initialize(repeating: pthread_t())
  }

  /// Notes that the calling thread runs an item.
  func note(_ index: Int) { threads[index] = pthread_self() }

  subscript(index: Int) -> pthread_t { threads[index] }

  var distinct: Set<pthread_t> { Set(threads) }

  deinit { threads.deallocate() }
}
