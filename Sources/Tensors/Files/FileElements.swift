/// The elements of one tensor in a mapped file.
struct FileElements {
  let mapping: FileMapping

  /// Where the elements lie, within the mapping.
  let range: Range<Int>
  let byteOrder: ByteOrder

  /// The elements as memory for tensors.
  ///
  /// The memory is that of the file where the elements are aligned and in the processor's byte order, and a copy
  /// otherwise.
  ///
  /// - Precondition: The length of `range` is a multiple of the element's size.
  /// - Throws: ``AttentionError/malformedFile(_:reason:)`` where a truth value is neither 0 nor 1.
  func storage<Element>(of type: Element.Type) throws -> TensorStorage<Element> {
    let size = MemoryLayout<Element>.size
    precondition(range.count % size == 0, "\(range.count) bytes of elements of \(size)")
    let count = range.count / size
    return try mapping.withBytes(range) { bytes in
      guard count > 0, let base = bytes.baseAddress else { return TensorStorage(uninitializedCount: 0) }
      if Element.self == Bool.self { try validateTruthValues(bytes) }
      let isAligned = UInt(bitPattern: base) % UInt(MemoryLayout<Element>.alignment) == 0
      if isAligned && (byteOrder == .littleEndian || size == 1) {
        return TensorStorage(borrowing: base.bindMemory(to: Element.self, capacity: count), count: count, from: mapping)
      }
      let storage = TensorStorage<Element>(uninitializedCount: count)
      let destination = UnsafeMutableRawBufferPointer(start: storage.base, count: bytes.count)
      switch byteOrder {
      case .littleEndian: destination.copyMemory(from: bytes)
      case .bigEndian: Self.copyReversing(bytes, elementSize: size, to: destination)
      }
      return storage
    }
  }

  /// Any other byte in a `Bool` is undefined behaviour.
  private func validateTruthValues(_ bytes: UnsafeRawBufferPointer) throws {
    guard let index = bytes.firstIndex(where: { $0 > 1 }) else { return }
    throw mapping.malformed(
      "byte \(range.lowerBound + index) is \(bytes[index]), but a truth value has to be 0 or 1")
  }

  private static func copyReversing(
    _ source: UnsafeRawBufferPointer, elementSize: Int, to destination: UnsafeMutableRawBufferPointer
  ) {
    for start in Swift.stride(from: 0, to: source.count, by: elementSize) {
      for place in 0..<elementSize {
        destination[start + place] = source[start + elementSize - 1 - place]
      }
    }
  }
}
