import Synchronization

/// The threads that help the threads that call attention.
///
/// Workers are started when they are first needed and never end. A call claims idle ones, as many as it gets, and gives
/// them back itself; so a worker is idle again when its call returns, and a call that finds none, because it is nested
/// in another or runs beside it, does all its work itself.
enum ThreadPool {
  private static let workers = ClaimList<PoolWorker>()
  private static let started = Atomic<Int>(0)

  /// The number of threads that have been started: at most one less than the largest number asked for so far.
  static var workerCount: Int { started.load(ordering: .relaxed) }

  /// Runs a job on the calling thread and at most `helpers` workers.
  static func run(_ job: ParallelJob, helpers: Int) {
    let team = claim(helpers)
    var member = team
    while let worker = member {
      worker.work(on: job)
      member = worker.nextInTeam
    }
    job.runItems()
    member = team
    while let worker = member {
      worker.takeBackOffer()
      member = worker.nextInTeam
      worker.nextInTeam = nil
      worker.release()
    }
  }

  /// Claims at most `wanted` workers, and starts those that are missing; returns the first of their chain.
  private static func claim(_ wanted: Int) -> PoolWorker? {
    var team: PoolWorker?
    var previous: PoolWorker?
    for _ in 0..<wanted {
      guard let worker = workers.claim(after: previous) ?? start(limit: wanted) else { break }
      previous = worker
      worker.nextInTeam = team
      team = worker
    }
    return team
  }

  /// Starts a worker, claimed by the caller, where there are fewer than `limit`.
  private static func start(limit: Int) -> PoolWorker? {
    var count = started.load(ordering: .relaxed)
    while count < limit {
      let (exchanged, original) = started.compareExchange(expected: count, desired: count + 1, ordering: .relaxed)
      count = original
      if !exchanged { continue }
      guard let worker = PoolWorker.start() else {
        started.subtract(1, ordering: .relaxed)
        return nil
      }
      workers.add(worker)
      return worker
    }
    return nil
  }
}
