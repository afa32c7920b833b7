import KernelIntrinsics
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A thread that lasts as long as the process and works on the jobs that it is offered.
///
/// Whoever claims the worker offers it one job, works on the job as well, and takes the offer back in the end. Where
/// the worker has not begun by then there is no work left, and nobody waits for it: a call waits for threads that work,
/// not for threads that wake up.
final class PoolWorker: Claimable, @unchecked Sendable {
  private enum Offer: UInt8, AtomicRepresentable {
    case none
    case made
    case taken
  }

  /// How often a worker looks for another job before it sleeps, about 20 µs: as long as waking it up takes, so that
  /// neither can cost more than twice what the better one of the two would have.
  private static let idleRounds = 500

  /// How often a caller looks whether the worker has finished before it sleeps: items that end last are often shorter
  /// than going to sleep and waking up.
  private static let finishRounds = 2000

  private let offer = Atomic<Offer>(.none)
  private let offered = Semaphore()
  private let finished = Semaphore()
  /// Read by tests.
  let scratch = Scratch()
  private var job: ParallelJob?

  /// The next worker of those that the same call has claimed; for use by the call.
  var nextInTeam: PoolWorker?

  /// A worker with a thread of its own, claimed by the caller; nil where the system has no thread left.
  static func start() -> PoolWorker? {
    let worker = PoolWorker()
    return worker.startThread() ? worker : nil
  }

  /// Offers a job to the worker, which the caller has claimed.
  func work(on job: ParallelJob) {
    self.job = job
    // Here and not by the worker, which may begin with its first job only after many calls.
    scratch.reserve(job.workspaceSize)
    offer.store(.made, ordering: .releasing)
    offered.post()
  }

  /// Returns when the worker does not work on the job that it was offered, and never will.
  func takeBackOffer() {
    if offer.compareExchange(expected: .made, desired: .none, ordering: .acquiring).exchanged {
      // The worker, which would have given a large block back after its work, has not begun.
      scratch.discardLarge()
    } else {
      finished.wait(rounds: Self.finishRounds)
      offer.store(.none, ordering: .relaxed)
    }
    job = nil
  }

  private func serve() -> Never {
    while true {
      offered.wait(rounds: Self.idleRounds)
      // Offers that were taken back have been counted too.
      if offer.compareExchange(expected: .made, desired: .taken, ordering: .acquiring).exchanged {
        job?.runItems(scratch)
        finished.post()
      }
    }
  }

  private func startThread() -> Bool {
    var attributes = pthread_attr_t()
    guard pthread_attr_init(&attributes) == 0 else { return false }
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Signals are for the program's own threads, but for those that a fault raises in the thread that has it.
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF] { sigdelset(&blocked, fault) }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    // The thread keeps its worker for ever.
    let worker = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { worker in
        thread_set_name("flash-attention")
        guard let worker else { return nil }
        Unmanaged<PoolWorker>.fromOpaque(worker).takeUnretainedValue().serve()
      }, worker.toOpaque())
    if status != 0 { worker.release() }
    return status == 0
  }
}
