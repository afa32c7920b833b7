import Tensors

/// Device memory that this object owns: allocated in the order of a stream and freed in the order of the same stream.
///
/// Work on another stream that uses the buffer must be waited for by the buffer's stream before the buffer goes.
public final class DeviceBuffer: Sendable {
  /// The stream that the memory is allocated and freed on.
  public let stream: CUDAStream

  /// The whole memory. Of length 0 and without an address where nothing was asked for.
  public let span: DeviceSpan

  /// Allocates memory; what it holds is undefined.
  public init(byteCount: Int, on stream: CUDAStream) throws(AttentionError) {
    guard byteCount >= 0 else {
      throw .invalidArgument("byteCount", was: "\(byteCount)", expected: "at least 0")
    }
    self.stream = stream
    guard byteCount > 0 else {
      span = DeviceSpan(pointer: DevicePointer(rawValue: 0), byteCount: 0)
      return
    }
    let pointer = try stream.perform { driver, stream throws(DriverFailure) in
      try driver.allocate(byteCount, on: stream)
    }
    span = DeviceSpan(pointer: pointer, byteCount: byteCount)
  }

  deinit {
    guard span.byteCount > 0 else { return }
    let pointer = span.pointer
    let handle = stream.handle
    stream.context.release { driver throws(DriverFailure) in try driver.free(pointer, on: handle) }
  }

  /// Where the memory begins.
  public var pointer: DevicePointer { span.pointer }

  /// The length in bytes.
  public var byteCount: Int { span.byteCount }
}
