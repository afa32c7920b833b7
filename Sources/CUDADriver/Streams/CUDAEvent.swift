import Tensors

/// A point in a stream that others can wait for, or that time is measured from.
public final class CUDAEvent: Sendable {
  /// The context that the event belongs to.
  public let context: CUDAContext

  /// Whether time can be measured to and from the event.
  public let isTimed: Bool

  let handle: EventHandle

  /// A new event that has not been recorded. One that is not timed costs less.
  public init(in context: CUDAContext, isTimed: Bool) throws(AttentionError) {
    self.context = context
    self.isTimed = isTimed
    handle = try context.perform { driver throws(DriverFailure) in try driver.createEvent(isTimed: isTimed) }
  }

  deinit {
    let handle = handle
    context.release { driver throws(DriverFailure) in try driver.destroyEvent(handle) }
  }

  /// Queues the event: it happens when everything queued on the stream before it has run.
  public func record(on stream: CUDAStream) throws(AttentionError) {
    try stream.perform { driver, stream throws(DriverFailure) in try driver.record(handle, on: stream) }
  }

  /// Waits until the event has happened.
  public func synchronize() throws(AttentionError) {
    try context.perform { driver throws(DriverFailure) in try driver.synchronize(handle) }
  }

  /// The milliseconds of device time since an earlier event; both must have happened.
  public func milliseconds(since start: CUDAEvent) throws(AttentionError) -> Float {
    guard isTimed, start.isTimed else {
      throw .invalidArgument("event", was: "an event without time", expected: "a timed event")
    }
    return try context.perform { driver throws(DriverFailure) in
      try driver.milliseconds(from: start.handle, to: handle)
    }
  }
}
