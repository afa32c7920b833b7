extension MockDriver {
  public func allocate(_ bytes: Int, on stream: StreamHandle) throws(DriverFailure) -> DevicePointer {
    try callInContext(.cuMemAllocAsync) { state, device throws(DriverFailure) in
      let used = state.allocations.reduce(0) { $0 + $1.bytes.count }
      guard bytes > 0 else { throw DriverFailure(.cuMemAllocAsync, .invalidValue) }
      guard bytes <= devices[device].memoryBytes - used else { throw DriverFailure(.cuMemAllocAsync, .outOfMemory) }
      return state.allocate(bytes).pointer
    }
  }

  public func free(_ pointer: DevicePointer, on stream: StreamHandle) throws(DriverFailure) {
    try callGivingBack(.cuMemFreeAsync) { state throws(DriverFailure) in
      guard let position = state.allocations.firstIndex(where: { $0.pointer == pointer }) else {
        throw DriverFailure(.cuMemFreeAsync, .invalidValue)
      }
      state.allocations.remove(at: position)
    }
  }

  public func allocatePinned(_ bytes: Int) throws(DriverFailure) -> UnsafeMutableRawPointer {
    let memory = try callInContext(.cuMemHostAlloc) { state, _ throws(DriverFailure) in
      let memory = MockMemory(pointer: DevicePointer(rawValue: 0), byteCount: bytes)
      state.pinned[UInt(bitPattern: memory.bytes.baseAddress)] = memory
      return memory
    }
    guard let start = memory.bytes.baseAddress else { throw DriverFailure(.cuMemHostAlloc, .outOfMemory) }
    return start
  }

  public func freePinned(_ pointer: UnsafeMutableRawPointer) throws(DriverFailure) {
    let address = UInt(bitPattern: pointer)
    try callGivingBack(.cuMemFreeHost) { state throws(DriverFailure) in
      guard state.pinned.removeValue(forKey: address) != nil else {
        throw DriverFailure(.cuMemFreeHost, .invalidValue)
      }
    }
  }

  public func copy(
    _ bytes: Int, from source: UnsafeRawPointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try memory(bytes, at: target, of: .cuMemcpyHtoDAsync)
      .copyMemory(from: UnsafeRawBufferPointer(start: source, count: bytes))
  }

  public func copy(
    _ bytes: Int, from source: DevicePointer, to target: UnsafeMutableRawPointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    let source = try memory(bytes, at: source, of: .cuMemcpyDtoHAsync)
    UnsafeMutableRawBufferPointer(start: target, count: bytes).copyMemory(from: UnsafeRawBufferPointer(source))
  }

  public func copy(
    _ bytes: Int, from source: DevicePointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    let source = try memory(bytes, at: source, of: .cuMemcpyDtoDAsync)
    for memory in allocations {
      if let target = memory.part(at: target, byteCount: bytes) {
        return target.copyMemory(from: UnsafeRawBufferPointer(source))
      }
    }
    throw DriverFailure(.cuMemcpyDtoDAsync, .invalidValue)
  }

  public func fill(
    _ bytes: Int, at target: DevicePointer, with value: UInt8, on stream: StreamHandle
  ) throws(DriverFailure) {
    try memory(bytes, at: target, of: .cuMemsetD8Async).initializeMemory(as: UInt8.self, repeating: value)
  }

  public func deviceOrdinal(of pointer: DevicePointer) throws(DriverFailure) -> Int32 {
    try callInContext(.cuPointerGetAttribute) { state, device throws(DriverFailure) in
      guard state.allocations.contains(where: { $0.part(at: pointer, byteCount: 1) != nil }) else {
        throw DriverFailure(.cuPointerGetAttribute, .invalidValue)
      }
      return Int32(device)
    }
  }

  /// The bytes of an allocation at an address, for a call that needs a context.
  private func memory(
    _ byteCount: Int, at pointer: DevicePointer, of entryPoint: EntryPoint
  ) throws(DriverFailure) -> UnsafeMutableRawBufferPointer {
    let memory = try callInContext(entryPoint) { state, _ in
      state.allocations.first { $0.part(at: pointer, byteCount: byteCount) != nil }
    }
    guard let part = memory?.part(at: pointer, byteCount: byteCount) else {
      throw DriverFailure(entryPoint, .invalidValue)
    }
    return part
  }
}
