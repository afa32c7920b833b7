import Tensors

extension CUDAStream {
  /// Queues a copy from the host. The host's bytes stay valid and unchanged until the stream has got there.
  public func copy(from source: UnsafeRawBufferPointer, to target: DeviceSpan) throws(AttentionError) {
    try requireEqualLengths(source.count, target.byteCount)
    guard let start = source.baseAddress, !source.isEmpty else { return }
    try perform { driver, stream throws(DriverFailure) in
      try driver.copy(target.byteCount, from: start, to: target.pointer, on: stream)
    }
  }

  /// Queues a copy to the host. The host's bytes stay valid, and are not read, until the stream has got there.
  public func copy(from source: DeviceSpan, to target: UnsafeMutableRawBufferPointer) throws(AttentionError) {
    try requireEqualLengths(source.byteCount, target.count)
    guard let start = target.baseAddress, !target.isEmpty else { return }
    try perform { driver, stream throws(DriverFailure) in
      try driver.copy(source.byteCount, from: source.pointer, to: start, on: stream)
    }
  }

  /// Queues a copy within the device.
  public func copy(from source: DeviceSpan, to target: DeviceSpan) throws(AttentionError) {
    try requireEqualLengths(source.byteCount, target.byteCount)
    guard source.byteCount > 0 else { return }
    try perform { driver, stream throws(DriverFailure) in
      try driver.copy(source.byteCount, from: source.pointer, to: target.pointer, on: stream)
    }
  }

  /// Queues setting every byte of a range: to zero, or to the bits of a NaN where reading it would be an error.
  public func fill(_ target: DeviceSpan, with byte: UInt8) throws(AttentionError) {
    guard target.byteCount > 0 else { return }
    try perform { driver, stream throws(DriverFailure) in
      try driver.fill(target.byteCount, at: target.pointer, with: byte, on: stream)
    }
  }

  /// Allocates device memory and copies elements into it, and waits for that.
  public func upload<Element: BitwiseCopyable>(_ elements: [Element]) throws(AttentionError) -> DeviceBuffer {
    let buffer = try DeviceBuffer(byteCount: elements.count * MemoryLayout<Element>.stride, on: self)
    try elements.withUnsafeBufferPointer { elements throws(AttentionError) in
      try copy(from: UnsafeRawBufferPointer(elements), to: buffer.span)
      try synchronize()
    }
    return buffer
  }

  /// Waits for the stream and returns the elements that device memory holds.
  public func download<Element: BitwiseCopyable>(
    _ span: DeviceSpan, as element: Element.Type
  ) throws(AttentionError) -> [Element] {
    let stride = MemoryLayout<Element>.stride
    guard span.byteCount.isMultiple(of: stride) else {
      throw .invalidArgument("span", was: "\(span.byteCount) bytes", expected: "a multiple of \(stride)")
    }
    let count = span.byteCount / stride
    let storage = UnsafeMutableBufferPointer<Element>.allocate(capacity: count)
    defer { storage.deallocate() }
    try copy(from: span, to: UnsafeMutableRawBufferPointer(storage))
    try synchronize()
    return Array(storage)
  }

  private func requireEqualLengths(_ source: Int, _ target: Int) throws(AttentionError) {
    guard source == target else {
      throw .invalidArgument("target", was: "\(target) bytes", expected: "\(source) bytes, as the source has")
    }
  }
}
