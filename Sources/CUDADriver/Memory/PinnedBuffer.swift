import Tensors

/// Host memory that the device copies from and to directly, so that a copy does not hold the host up.
///
/// The copies of a buffer go over the one stream that it is made for, and the buffer waits for that stream before it
/// gives its memory back: a copy never meets freed memory. Who reads or writes ``bytes`` while a copy is under way
/// synchronises first.
public final class PinnedBuffer: @unchecked Sendable {
  /// The stream of the buffer's copies.
  public let stream: CUDAStream

  /// The memory. The owner of the buffer orders its own accesses and the copies.
  public let bytes: UnsafeMutableRawBufferPointer

  /// Allocates pinned memory; what it holds is undefined.
  public init(byteCount: Int, on stream: CUDAStream) throws(AttentionError) {
    guard byteCount > 0 else {
      throw .invalidArgument("byteCount", was: "\(byteCount)", expected: "at least 1")
    }
    self.stream = stream
    let start = try stream.context.perform { driver throws(DriverFailure) in
      try driver.allocatePinned(byteCount)
    }
    bytes = UnsafeMutableRawBufferPointer(start: start, count: byteCount)
  }

  deinit {
    guard let start = bytes.baseAddress else { return }
    let handle = stream.handle
    stream.context.release { driver throws(DriverFailure) in try driver.synchronize(handle) }
    stream.context.release { driver throws(DriverFailure) in try driver.freePinned(start) }
  }

  /// Queues a copy of the buffer's first bytes into device memory, as many as that has.
  public func copy(to target: DeviceSpan) throws(AttentionError) {
    try stream.copy(from: UnsafeRawBufferPointer(try prefix(target.byteCount)), to: target)
  }

  /// Queues a copy of device memory into the buffer's first bytes.
  public func copy(from source: DeviceSpan) throws(AttentionError) {
    try stream.copy(from: source, to: try prefix(source.byteCount))
  }

  private func prefix(_ count: Int) throws(AttentionError) -> UnsafeMutableRawBufferPointer {
    guard count <= bytes.count else {
      throw .invalidArgument("byteCount", was: "\(count)", expected: "at most the buffer's \(bytes.count)")
    }
    return UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
  }
}
