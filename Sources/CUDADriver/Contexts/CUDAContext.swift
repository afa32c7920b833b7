import Synchronization
import Tensors

/// The primary context of a device, the one that other libraries of the process use too, so that their pointers are
/// valid here and ours there.
///
/// A context is current on a thread, and the work of Swift concurrency moves between threads: every operation makes it
/// current on the thread that it runs on, and gives the thread back the context that it had.
public final class CUDAContext: Sendable {
  /// The device that the context is on.
  public let device: CUDADevice

  let driver: any DriverInterface
  private let handle: ContextHandle

  /// The first sticky status that an operation returned, 0 before there is one.
  private let stickyStatus = Atomic<UInt32>(0)

  /// Retains the primary context of a device.
  init(on device: CUDADevice, driver: any DriverInterface) throws(AttentionError) {
    self.device = device
    self.driver = driver
    do {
      handle = try driver.retainPrimaryContext(ofDevice: device.handle)
    } catch {
      throw AttentionError(error, on: device, driver: driver)
    }
  }

  deinit {
    // Nobody is left who could be told of a failure.
    try? driver.releasePrimaryContext(ofDevice: device.handle)
  }

  /// Why the device can no longer be used, or nil while it can: an earlier operation left it broken for the rest of
  /// the process.
  public var breakage: String? {
    let status = stickyStatus.load(ordering: .relaxed)
    guard status != 0 else { return nil }
    let name = driver.name(of: DriverStatus(rawValue: status)) ?? "status \(status)"
    return "an earlier operation broke it for the rest of the process: \(name)"
  }

  /// Runs an operation of the driver with the context current on the calling thread.
  ///
  /// On a device that an earlier operation broke nothing runs, and the error says so.
  @inline(__always)
  func perform<Result>(
    _ operation: (any DriverInterface) throws(DriverFailure) -> Result
  ) throws(AttentionError) -> Result {
    guard stickyStatus.load(ordering: .relaxed) == 0 else { throw brokenDevice() }
    do {
      return try withCurrentContext(operation)
    } catch {
      throw report(error)
    }
  }

  /// Runs an operation that gives something back to the driver. It runs on a broken device too, and even where the
  /// context cannot be made current; a failure is only noted, because it happens where an object ends and nobody could
  /// be told.
  func release(_ operation: (any DriverInterface) throws(DriverFailure) -> Void) {
    let previous = try? driver.currentContext()
    let isSwitched = previous != nil && previous != handle && (try? driver.setCurrentContext(handle)) != nil
    defer {
      if isSwitched, let previous {
        try? driver.setCurrentContext(previous)
      }
    }
    do throws(DriverFailure) {
      try operation(driver)
    } catch {
      note(error)
    }
  }

  /// The package's error for a failure; notes a sticky one.
  func report(_ failure: DriverFailure, log: String = "") -> AttentionError {
    note(failure)
    return AttentionError(failure, on: device, driver: driver, log: log)
  }

  /// Runs an operation with the context current.
  ///
  /// The context that the thread had comes back afterwards. A failure of that is not the operation's, whose result
  /// may own something: it happens when the other context was destroyed meanwhile.
  @inline(__always)
  private func withCurrentContext<Result>(
    _ operation: (any DriverInterface) throws(DriverFailure) -> Result
  ) throws(DriverFailure) -> Result {
    let previous = try driver.currentContext()
    guard previous != handle else { return try operation(driver) }
    try driver.setCurrentContext(handle)
    defer { try? driver.setCurrentContext(previous) }
    return try operation(driver)
  }

  private func note(_ failure: DriverFailure) {
    if failure.status.isSticky {
      _ = stickyStatus.compareExchange(expected: 0, desired: failure.status.rawValue, ordering: .relaxed)
    }
  }

  private func brokenDevice() -> AttentionError {
    .unavailable(device.description, reason: breakage ?? "it is broken")
  }
}
