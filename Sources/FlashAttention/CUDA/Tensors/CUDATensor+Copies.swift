import CUDADriver

extension StridedTensor {
  /// A dense copy in the memory of the stream's device. The elements are there when this returns.
  ///
  /// - Throws: ``AttentionError/deviceFailure(_:reason:)`` where the device has not that much memory or fails.
  public func copied(to stream: CUDAStream) throws -> CUDATensor<Element> {
    let source = view.isContiguous ? view : Tensor(copying: view).view
    let tensor = try CUDATensor<Element>(unwritten: source.shape, on: stream)
    defer { withExtendedLifetime(source) {} }
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(source.unsafeBaseAddress), count: tensor.count * MemoryLayout<Element>.stride)
    try stream.copy(from: bytes, to: DeviceSpan(pointer: tensor.pointer, byteCount: bytes.count))
    try stream.synchronize()
    return tensor
  }
}

extension CUDATensor where Element: AttentionElement {
  /// A dense copy in the machine's memory, of what the elements are when the stream gets there. Waits for that.
  ///
  /// - Throws: ``AttentionError/deviceFailure(_:reason:)`` where the device fails, also in what was queued before.
  public func copiedToHost(on stream: CUDAStream) throws -> Tensor<Element> {
    try requireContext("stream", of: stream)
    guard count > 0 else {
      try stream.synchronize()
      return try Tensor([], shape: shape)
    }
    guard strides == Shape.rowMajorStrides(shape) else { return try gatheredOnHost(stream) }
    var result = try Tensor<Element>(unwritten: shape)
    let span = DeviceSpan(pointer: pointer, byteCount: count * MemoryLayout<Element>.stride)
    try result.overwrite { elements in
      try stream.copy(from: span, to: UnsafeMutableRawBufferPointer(start: elements, count: span.byteCount))
      try stream.synchronize()
    }
    return result
  }

  /// Copies the range in which the elements lie, and takes them from it in their order.
  private func gatheredOnHost(_ stream: CUDAStream) throws -> Tensor<Element> {
    let size = MemoryLayout<Element>.stride
    let ends = zip(shape, strides).map { ($0 - 1) * $1 }
    let first = ends.reduce(0) { $0 + min($1, 0) }
    let last = ends.reduce(0) { $0 + max($1, 0) }
    let span = DeviceSpan(pointer: pointer.advanced(by: first * size), byteCount: (last - first + 1) * size)
    let range = try stream.download(span, as: Element.self)
    var indices = [Int](repeating: 0, count: shape.count)
    var position = -first
    let scalars = (0..<count).map { _ in
      let element = range[position]
      for axis in indices.indices.reversed() {
        indices[axis] += 1
        position += strides[axis]
        if indices[axis] < shape[axis] { break }
        position -= indices[axis] * strides[axis]
        indices[axis] = 0
      }
      return element
    }
    return try Tensor(scalars, shape: shape)
  }
}

extension CUDATensor {
  /// Throws where a stream is of another device than the tensor.
  func requireContext(_ argument: String, of stream: CUDAStream) throws(AttentionError) {
    guard stream.context === context else {
      throw .invalidArgument(
        argument, was: "one of \(argument == "stream" ? stream.context.device : context.device)",
        expected: "one of \(argument == "stream" ? context.device : stream.context.device)")
    }
  }
}
