import KernelIntrinsics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A counter to wait for: a POSIX semaphore, which enters the kernel only where a thread sleeps.
struct Semaphore: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  /// A semaphore that lasts as long as the process.
  init() {
    semaphore = .allocate(capacity: 1)
    precondition(sem_init(semaphore, 0, 0) == 0, "a semaphore could not be made")
  }

  /// Adds one to the counter, and wakes a thread that waits for it.
  func post() { sem_post(semaphore) }

  /// Waits until the counter is positive and takes one from it.
  ///
  /// - Parameter rounds: How often to look before going to sleep.
  func wait(rounds: Int) {
    for _ in 0..<rounds {
      if sem_trywait(semaphore) == 0 { return }
      kernel_pause()
    }
    // A signal handler ends a wait early.
    while sem_wait(semaphore) != 0 {}
  }
}
