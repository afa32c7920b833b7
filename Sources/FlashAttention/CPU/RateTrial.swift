/// Work whose greatest rate is sought by trying again: whatever else runs on the machine can only lower it.
struct RateTrial {
  /// Does a number of rounds of one thread's work and returns its amount; the sink has room for any vector.
  typealias Work = (_ thread: Int, _ rounds: Int, _ sink: KernelSet.Floats) -> Double

  /// The greatest amount a second of all threads together so far.
  private(set) var greatest = 0.0

  private let threads: Int
  private let work: Work
  private var rounds = 1

  /// The time that a trial takes at least, in seconds: many times what starting the threads takes.
  private static let shortestTrial = 0.005

  /// Finds out how many rounds make a trial.
  init(threads: Int, _ work: @escaping Work) {
    self.threads = threads
    self.work = work
    while trial().elapsed < Self.shortestTrial { rounds *= 2 }
  }

  /// Tries once more.
  mutating func run() {
    let (amount, elapsed) = trial()
    greatest = max(greatest, amount / elapsed)
  }

  private func trial() -> (amount: Double, elapsed: Double) {
    let amounts = UnsafeMutableBufferPointer<Double>.allocate(capacity: threads)
    defer { amounts.deallocate() }
    let start = ContinuousClock.now
    Parallel.forEach(threads, threads: threads, workspaceSize: 64) { thread, workspace in
      amounts[thread] = work(thread, rounds, workspace.assumingMemoryBound(to: Float.self))
    }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return (amounts.reduce(0, +), Double(seconds) + Double(attoseconds) * 1e-18)
  }
}
