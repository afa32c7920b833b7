extension MockDriver {
  public func createStream() throws(DriverFailure) -> StreamHandle {
    try callInContext(.cuStreamCreate) { state, _ in
      let handle = state.makeHandle()
      state.streams.insert(handle)
      return StreamHandle(rawValue: handle)
    }
  }

  public func destroyStream(_ stream: StreamHandle) throws(DriverFailure) {
    try callGivingBack(.cuStreamDestroy) { state throws(DriverFailure) in
      guard state.streams.remove(stream.rawValue) != nil else {
        throw DriverFailure(.cuStreamDestroy, .invalidHandle)
      }
    }
  }

  public func synchronize(_ stream: StreamHandle) throws(DriverFailure) {
    try callInContext(.cuStreamSynchronize) { _, _ in }
  }

  public func isIdle(_ stream: StreamHandle) throws(DriverFailure) -> Bool {
    try callInContext(.cuStreamQuery) { _, _ in true }
  }

  public func wait(_ stream: StreamHandle, for event: EventHandle) throws(DriverFailure) {
    try callInContext(.cuStreamWaitEvent) { state, _ throws(DriverFailure) in
      guard state.events[event.rawValue] != nil else { throw DriverFailure(.cuStreamWaitEvent, .invalidHandle) }
    }
  }

  public func createEvent(isTimed: Bool) throws(DriverFailure) -> EventHandle {
    try callInContext(.cuEventCreate) { state, _ in
      let handle = state.makeHandle()
      state.events[handle] = MockState.Event(isTimed: isTimed)
      return EventHandle(rawValue: handle)
    }
  }

  public func destroyEvent(_ event: EventHandle) throws(DriverFailure) {
    try callGivingBack(.cuEventDestroy) { state throws(DriverFailure) in
      guard state.events.removeValue(forKey: event.rawValue) != nil else {
        throw DriverFailure(.cuEventDestroy, .invalidHandle)
      }
    }
  }

  public func record(_ event: EventHandle, on stream: StreamHandle) throws(DriverFailure) {
    try callInContext(.cuEventRecord) { state, _ throws(DriverFailure) in
      guard state.events[event.rawValue] != nil else { throw DriverFailure(.cuEventRecord, .invalidHandle) }
      state.events[event.rawValue]?.milliseconds = state.milliseconds
    }
  }

  public func synchronize(_ event: EventHandle) throws(DriverFailure) {
    try callInContext(.cuEventSynchronize) { state, _ throws(DriverFailure) in
      guard state.events[event.rawValue] != nil else { throw DriverFailure(.cuEventSynchronize, .invalidHandle) }
    }
  }

  public func milliseconds(from start: EventHandle, to end: EventHandle) throws(DriverFailure) -> Float {
    try callInContext(.cuEventElapsedTime) { state, _ throws(DriverFailure) in
      guard let start = state.events[start.rawValue]?.milliseconds, let end = state.events[end.rawValue]?.milliseconds
      else {
        throw DriverFailure(.cuEventElapsedTime, .invalidHandle)
      }
      return Float(end - start)
    }
  }
}
