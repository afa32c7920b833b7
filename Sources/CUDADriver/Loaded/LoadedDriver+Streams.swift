extension LoadedDriver {
  public func createStream() throws(DriverFailure) -> StreamHandle {
    var stream: UInt = 0
    try check(.cuStreamCreate, functions.cuStreamCreate(&stream, DriverFlags.nonBlockingStream))
    return StreamHandle(rawValue: stream)
  }

  public func destroyStream(_ stream: StreamHandle) throws(DriverFailure) {
    try check(.cuStreamDestroy, functions.cuStreamDestroy(stream.rawValue))
  }

  public func synchronize(_ stream: StreamHandle) throws(DriverFailure) {
    try check(.cuStreamSynchronize, functions.cuStreamSynchronize(stream.rawValue))
  }

  public func isIdle(_ stream: StreamHandle) throws(DriverFailure) -> Bool {
    let status = functions.cuStreamQuery(stream.rawValue)
    guard status != DriverStatus.notReady.rawValue else { return false }
    try check(.cuStreamQuery, status)
    return true
  }

  public func wait(_ stream: StreamHandle, for event: EventHandle) throws(DriverFailure) {
    try check(.cuStreamWaitEvent, functions.cuStreamWaitEvent(stream.rawValue, event.rawValue, 0))
  }

  public func createEvent(isTimed: Bool) throws(DriverFailure) -> EventHandle {
    var event: UInt = 0
    try check(.cuEventCreate, functions.cuEventCreate(&event, isTimed ? 0 : DriverFlags.untimedEvent))
    return EventHandle(rawValue: event)
  }

  public func destroyEvent(_ event: EventHandle) throws(DriverFailure) {
    try check(.cuEventDestroy, functions.cuEventDestroy(event.rawValue))
  }

  public func record(_ event: EventHandle, on stream: StreamHandle) throws(DriverFailure) {
    try check(.cuEventRecord, functions.cuEventRecord(event.rawValue, stream.rawValue))
  }

  public func synchronize(_ event: EventHandle) throws(DriverFailure) {
    try check(.cuEventSynchronize, functions.cuEventSynchronize(event.rawValue))
  }

  public func milliseconds(from start: EventHandle, to end: EventHandle) throws(DriverFailure) -> Float {
    var milliseconds: Float = 0
    try check(
      .cuEventElapsedTime, functions.cuEventElapsedTime(&milliseconds, start.rawValue, end.rawValue))
    return milliseconds
  }
}
