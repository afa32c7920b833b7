extension LoadedDriver {
  public func allocate(_ bytes: Int, on stream: StreamHandle) throws(DriverFailure) -> DevicePointer {
    var address: UInt64 = 0
    try check(.cuMemAllocAsync, functions.cuMemAllocAsync(&address, bytes, stream.rawValue))
    return DevicePointer(rawValue: address)
  }

  public func free(_ pointer: DevicePointer, on stream: StreamHandle) throws(DriverFailure) {
    try check(.cuMemFreeAsync, functions.cuMemFreeAsync(pointer.rawValue, stream.rawValue))
  }

  public func allocatePinned(_ bytes: Int) throws(DriverFailure) -> UnsafeMutableRawPointer {
    var address: UnsafeMutableRawPointer?
    try check(.cuMemHostAlloc, functions.cuMemHostAlloc(&address, bytes, DriverFlags.portablePinnedMemory))
    guard let address else {
      throw DriverFailure(.cuMemHostAlloc, .outOfMemory)
    }
    return address
  }

  public func freePinned(_ pointer: UnsafeMutableRawPointer) throws(DriverFailure) {
    try check(.cuMemFreeHost, functions.cuMemFreeHost(pointer))
  }

  public func copy(
    _ bytes: Int, from source: UnsafeRawPointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try check(.cuMemcpyHtoDAsync, functions.cuMemcpyHtoDAsync(target.rawValue, source, bytes, stream.rawValue))
  }

  public func copy(
    _ bytes: Int, from source: DevicePointer, to target: UnsafeMutableRawPointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try check(.cuMemcpyDtoHAsync, functions.cuMemcpyDtoHAsync(target, source.rawValue, bytes, stream.rawValue))
  }

  public func copy(
    _ bytes: Int, from source: DevicePointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try check(
      .cuMemcpyDtoDAsync, functions.cuMemcpyDtoDAsync(target.rawValue, source.rawValue, bytes, stream.rawValue))
  }

  public func fill(
    _ bytes: Int, at target: DevicePointer, with value: UInt8, on stream: StreamHandle
  ) throws(DriverFailure) {
    try check(.cuMemsetD8Async, functions.cuMemsetD8Async(target.rawValue, value, bytes, stream.rawValue))
  }

  public func deviceOrdinal(of pointer: DevicePointer) throws(DriverFailure) -> Int32 {
    var ordinal: Int32 = 0
    try check(
      .cuPointerGetAttribute,
      functions.cuPointerGetAttribute(&ordinal, PointerAttribute.deviceOrdinal.rawValue, pointer.rawValue))
    return ordinal
  }
}
