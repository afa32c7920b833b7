import FlashAttention
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A thread that notices when a case does not end in its time.
///
/// A kernel that hangs cannot be cancelled, and the thread that waits for it waits for ever: only another thread can
/// still say which case it was, and end the process.
final class CheckWatchdog: Sendable {
  private struct Watch {
    let name: String
    let limit: Double
    let stopwatch = Stopwatch()
  }

  private enum State {
    case resting
    case watching(Watch)
    case dismissed
  }

  /// How often it looks, in microseconds.
  private static let pause: UInt32 = 20_000

  private let state = Mutex(State.resting)
  private let expired: @Sendable (_ name: String, _ limit: Double) -> Void

  /// - Parameter expired: Called once, on the watchdog's thread, with the case that did not end and its limit in
  ///   seconds.
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the system has no thread left.
  init(expired: @escaping @Sendable (_ name: String, _ limit: Double) -> Void) throws {
    self.expired = expired
    var thread = pthread_t()
    let owner = Unmanaged.passRetained(self)
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<CheckWatchdog>.fromOpaque(argument).takeRetainedValue().patrol() }
        return nil
      }, owner.toOpaque())
    guard status == 0 else {
      owner.release()
      throw AttentionError.unavailable("a watchdog", reason: String(cString: strerror(status)))
    }
    pthread_detach(thread)
  }

  /// Watches a case from now on.
  func watch(_ name: String, limit: Double) {
    state.withLock { $0 = .watching(Watch(name: name, limit: limit)) }
  }

  /// Stops watching until the next case.
  func rest() {
    state.withLock { $0 = .resting }
  }

  /// Ends the thread.
  func dismiss() {
    state.withLock { $0 = .dismissed }
  }

  private func patrol() {
    while true {
      usleep(Self.pause)
      let (found, isOver) = state.withLock { state -> (Watch?, Bool) in
        switch state {
        case .resting: return (nil, false)
        case .dismissed: return (nil, true)
        case .watching(let watch):
          guard watch.stopwatch.seconds > watch.limit else { return (nil, false) }
          state = .dismissed
          return (watch, true)
        }
      }
      if let found { expired(found.name, found.limit) }
      if isOver { return }
    }
  }
}
