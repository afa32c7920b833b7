import CUDADriver
import FlashAttention

/// Random normal bf16 numbers in device memory, from which tensors of any size are filled without the host.
final class DeviceNumbers {
  private let stream: CUDAStream
  private let source: DeviceBuffer

  init(_ numbers: NormalNumbers, on stream: CUDAStream) throws {
    self.stream = stream
    source = try stream.upload(numbers.bits)
  }

  /// Queues filling a buffer, from the number at a place on.
  func fill(_ buffer: DeviceBuffer, from place: Int) throws {
    let total = buffer.byteCount
    var filled = 0
    func append(_ span: DeviceSpan) throws {
      let count = min(span.byteCount, total - filled)
      try stream.copy(
        from: span.part(at: 0, byteCount: count), to: buffer.span.part(at: filled, byteCount: count))
      filled += count
    }
    let start = place * 2 % source.byteCount
    try append(source.span.part(at: start, byteCount: source.byteCount - start))
    try append(source.span)
    // From here on the buffer doubles.
    while filled < total { try append(buffer.span.part(at: 0, byteCount: filled)) }
  }
}
