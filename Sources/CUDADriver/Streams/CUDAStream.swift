import Tensors

/// A queue of a device's work: what is queued on it runs in order.
public final class CUDAStream: Sendable {
  /// The context that the stream belongs to.
  public let context: CUDAContext

  let handle: StreamHandle
  private let isOwned: Bool

  /// A new stream that runs beside the default stream. It goes with this object; what is queued on it still runs.
  public init(in context: CUDAContext) throws(AttentionError) {
    self.context = context
    handle = try context.perform { driver throws(DriverFailure) in try driver.createStream() }
    isOwned = true
  }

  /// Another library's stream in the same context. The library keeps it, and keeps it alive.
  public init(foreign handle: StreamHandle, in context: CUDAContext) {
    self.context = context
    self.handle = handle
    isOwned = false
  }

  /// The default stream of a context.
  public static func `default`(of context: CUDAContext) -> CUDAStream {
    CUDAStream(foreign: .default, in: context)
  }

  deinit {
    guard isOwned else { return }
    let handle = handle
    context.release { driver throws(DriverFailure) in try driver.destroyStream(handle) }
  }

  /// Waits until everything queued so far has run, and throws what went wrong in it.
  public func synchronize() throws(AttentionError) {
    try perform { driver, stream throws(DriverFailure) in try driver.synchronize(stream) }
  }

  /// Whether everything queued so far has run.
  public func isIdle() throws(AttentionError) -> Bool {
    try perform { driver, stream throws(DriverFailure) in try driver.isIdle(stream) }
  }

  /// Makes what is queued from here on wait for an event of any stream.
  public func wait(for event: CUDAEvent) throws(AttentionError) {
    try perform { driver, stream throws(DriverFailure) in try driver.wait(stream, for: event.handle) }
  }

  /// Runs an operation of the driver on the stream.
  @inline(__always)
  func perform<Result>(
    _ operation: (any DriverInterface, StreamHandle) throws(DriverFailure) -> Result
  ) throws(AttentionError) -> Result {
    let handle = handle
    return try context.perform { driver throws(DriverFailure) in try operation(driver, handle) }
  }
}
