extension MockDriver {
  /// The entry points that were called so far, in order.
  public var calls: [EntryPoint] {
    state.withLock { $0.calls }
  }

  /// What is given out and not back.
  public var resources: MockResources {
    state.withLock { state in
      MockResources(
        contexts: state.retains.values.reduce(0, +), modules: state.modules.count,
        allocations: state.allocations.count, pinnedAllocations: state.pinned.count, streams: state.streams.count,
        events: state.events.count)
    }
  }

  /// The device memory that is allocated, for an executor that maps all of it.
  public var allocations: [MockMemory] {
    state.withLock { $0.allocations }
  }

  /// What the launch handler threw, in words; nil where it never did.
  public var launchError: String? {
    state.withLock { $0.launchError }
  }

  /// Makes the call at a position fail, counted from 0 over all calls.
  public func fail(at position: Int, with status: DriverStatus) {
    state.withLock { $0.faultsByPosition[position] = status }
  }

  /// Makes every call of an entry point fail, or work again with nil.
  public func fail(_ entryPoint: EntryPoint, with status: DriverStatus?) {
    state.withLock { $0.faultsByEntryPoint[entryPoint] = status }
  }

  /// A context of another library.
  public func makeForeignContext() -> ContextHandle {
    state.withLock { state in
      let context = ContextHandle(rawValue: state.makeHandle())
      state.foreignContexts.insert(context)
      return context
    }
  }

  /// Device memory that another library allocated, which stays.
  public func makeForeignMemory(byteCount: Int) -> MockMemory {
    state.withLock { $0.allocate(byteCount) }
  }

  /// Calls `body` with the bytes at a device's address; throws an illegal address where they are not allocated.
  public func withBytes<Result>(
    at pointer: DevicePointer, count: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) throws -> Result {
    let memory = allocations.first { $0.part(at: pointer, byteCount: count) != nil }
    guard let memory, let bytes = memory.part(at: pointer, byteCount: count) else {
      throw DriverFailure(.cuLaunchKernelEx, .illegalAddress)
    }
    return try body(bytes)
  }
}
