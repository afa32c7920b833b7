import Glibc

/// The end of a file that is being written.
struct FileSink {
  /// The path that errors name.
  let path: String
  let descriptor: Int32

  /// Elements of a strided view are gathered in pieces of at most this many bytes.
  private static let pieceByteCount = 1 << 20

  /// Appends bytes.
  func write(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try write($0) }
  }

  /// Appends the elements of a tensor in row-major order, in the processor's byte order.
  ///
  /// A contiguous view is written from where it lies; of another, a piece at a time is gathered, so that the memory
  /// this takes does not grow with the tensor.
  func write<Element>(_ view: TensorView<Element>) throws {
    if view.isContiguous {
      defer { withExtendedLifetime(view) {} }
      return try write(
        UnsafeRawBufferPointer(start: view.unsafeBaseAddress, count: view.count * MemoryLayout<Element>.stride))
    }
    guard view.count * MemoryLayout<Element>.stride > Self.pieceByteCount,
      let axis = view.shape.firstIndex(where: { $0 > 1 })
    else {
      return try write(Tensor(copying: view).view)
    }
    let middle = view.shape[axis] / 2
    try write(view.sliced(axis, 0..<middle))
    try write(view.sliced(axis, middle..<view.shape[axis]))
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if written >= 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      } else if errno != EINTR {
        throw FileSystem.failure(path)
      }
    }
  }
}
