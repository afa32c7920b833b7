import CUDADriver

/// A strided tensor in the memory of a CUDA device: its own, or another library's.
///
/// A tensor of its own memory keeps it alive, and gives it back in the order of the stream that it was made on. Work on
/// another stream that uses it has to be waited for by that stream before the last copy of the tensor goes.
public struct CUDATensor<Element: TensorElement>: Sendable {
  /// The size of each axis.
  public let shape: [Int]

  /// The distance of neighbours along each axis, in elements.
  public let strides: [Int]

  /// The address of the first element; null where there is none.
  public let pointer: DevicePointer

  /// The context whose memory it is in.
  public let context: CUDAContext

  /// What keeps the memory alive, where something does.
  let owner: (any AnyObject & Sendable)?

  init(
    shape: [Int], strides: [Int], pointer: DevicePointer, context: CUDAContext, owner: (any AnyObject & Sendable)?
  ) {
    self.shape = shape
    self.strides = strides
    self.pointer = pointer
    self.context = context
    self.owner = owner
  }

  /// A dense tensor with whatever the memory held.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for a negative or overflowing shape, and
  ///   ``AttentionError/deviceFailure(_:reason:)`` where the device has not that much memory.
  public init(unwritten shape: [Int], on stream: CUDAStream) throws {
    let count = try Self.count(shape)
    let buffer = try DeviceBuffer(byteCount: count * MemoryLayout<Element>.stride, on: stream)
    self.init(
      shape: shape, strides: Shape.rowMajorStrides(shape), pointer: buffer.pointer, context: stream.context,
      owner: buffer)
  }

  /// Memory that another library owns, where it is.
  ///
  /// - Parameters:
  ///   - pointer: The first element, of memory of the context's device.
  ///   - shape: The size of each axis.
  ///   - strides: The distance of neighbours along each axis, in elements; nil for a dense tensor. Whoever passes them
  ///     vouches for what lies there.
  ///   - context: The primary context of the device.
  ///   - owner: What to keep alive as long as the tensor lives; nil where the caller sees to that.
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for memory of another device, or a shape and strides
  ///   that do not fit each other.
  public init(
    borrowing pointer: DevicePointer, shape: [Int], strides: [Int]? = nil, in context: CUDAContext,
    keeping owner: (any AnyObject & Sendable)? = nil
  ) throws {
    let count = try Self.count(shape)
    let strides = strides ?? Shape.rowMajorStrides(shape)
    guard strides.count == shape.count else {
      throw AttentionError.invalidArgument(
        "strides", was: "\(strides)", expected: "one for each of the \(shape.count) axes")
    }
    if count > 0 {
      try context.requireMemory("pointer", at: pointer)
      guard pointer.rawValue % UInt64(MemoryLayout<Element>.alignment) == 0 else {
        throw AttentionError.invalidArgument(
          "pointer", was: "\(pointer)", expected: "a multiple of \(MemoryLayout<Element>.alignment)")
      }
    }
    self.init(shape: shape, strides: strides, pointer: pointer, context: context, owner: owner)
  }

  /// The number of elements, counting each repetition.
  public var count: Int { shape.reduce(1, *) }

  private static func count(_ shape: [Int]) throws -> Int {
    guard shape.allSatisfy({ $0 >= 0 }),
      let count = Shape.elementCount(shape, elementSize: MemoryLayout<Element>.stride)
    else {
      throw AttentionError.invalidArgument(
        "shape", was: Shape.description(shape), expected: "dimensions of at least 0 whose product fits in memory")
    }
    return count
  }
}

// MARK: Views

extension CUDATensor {
  /// The same elements with two axes exchanged, without a copy.
  ///
  /// - Precondition: `first` and `second` are axes of the tensor.
  public func transposed(_ first: Int, _ second: Int) -> CUDATensor {
    var shape = shape
    var strides = strides
    shape.swapAt(first, second)
    strides.swapAt(first, second)
    return CUDATensor(shape: shape, strides: strides, pointer: pointer, context: context, owner: owner)
  }

  /// The part of the tensor where the index along `axis` lies in `range`, without a copy.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where the range leaves the axis.
  public func sliced(_ axis: Int, _ range: Range<Int>) throws -> CUDATensor {
    guard shape.indices.contains(axis) else {
      throw AttentionError.invalidArgument("axis", was: "\(axis)", expected: "an axis below \(shape.count)")
    }
    guard range.lowerBound >= 0, range.upperBound <= shape[axis] else {
      throw AttentionError.invalidArgument(
        "range", was: "\(range.lowerBound)..<\(range.upperBound)", expected: "a range within 0..<\(shape[axis])")
    }
    var shape = shape
    shape[axis] = range.count
    let offset = range.isEmpty ? 0 : range.lowerBound * strides[axis] * MemoryLayout<Element>.stride
    return CUDATensor(
      shape: shape, strides: strides, pointer: pointer.advanced(by: offset), context: context, owner: owner)
  }
}
