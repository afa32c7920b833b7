/// A strided, read-only view of a tensor's elements.
///
/// Element (i₀, …, iₙ₋₁) lies at `Σ iₐ · strides[a]` from the view's first element. A stride may be zero, which repeats
/// the same elements along that axis without a copy; it may be negative, which reverses the axis. A view keeps the
/// memory it refers to alive, and what it shows never changes: a tensor that is mutated while views of it exist copies
/// its elements first.
public struct TensorView<Element: TensorElement>: StridedTensor {
  @usableFromInline let storage: TensorStorage<Element>
  @usableFromInline let offset: Int

  /// The size of each axis.
  public let shape: [Int]

  /// The distance of neighbours along each axis, in elements.
  public let strides: [Int]

  init(storage: TensorStorage<Element>, offset: Int, shape: [Int], strides: [Int]) {
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
  }

  public var view: TensorView<Element> { self }
}

// MARK: Elements

extension TensorView {
  /// The element at an index per axis.
  ///
  /// - Precondition: There is one index per axis and each lies within its axis.
  public subscript(indices: Int...) -> Element {
    self[indices]
  }

  /// The element at an index per axis.
  ///
  /// - Precondition: There is one index per axis and each lies within its axis.
  public subscript(indices: [Int]) -> Element {
    precondition(indices.count == shape.count, "\(indices.count) indices into a tensor of rank \(shape.count)")
    var position = offset
    for axis in indices.indices {
      precondition(shape[axis] > indices[axis] && indices[axis] >= 0, "index \(indices[axis]) outside axis \(axis)")
      position += indices[axis] * strides[axis]
    }
    return storage.base[position]
  }

  /// All elements in row-major order, as an array.
  ///
  /// - Complexity: O(`count`) time and memory.
  public var scalars: [Element] {
    [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { copyElements(to: base) }
      initialized = count
    }
  }

  /// Whether the elements lie one after another in row-major order.
  public var isContiguous: Bool {
    if shape.contains(0) { return true }
    var expected = 1
    for axis in shape.indices.reversed() where shape[axis] != 1 {
      if strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }
}

// MARK: Views of a view

extension TensorView {
  func exchangingAxes(_ first: Int, _ second: Int) -> TensorView {
    var shape = shape
    var strides = strides
    shape.swapAt(first, second)
    strides.swapAt(first, second)
    return TensorView(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  /// The part of the view where the index along `axis` lies in `range`, without a copy.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where the range leaves the axis.
  public func sliced(_ axis: Int, _ range: Range<Int>) throws -> TensorView {
    guard shape.indices.contains(axis) else {
      throw AttentionError.invalidArgument("axis", was: "\(axis)", expected: "an axis below \(shape.count)")
    }
    guard range.lowerBound >= 0, range.upperBound <= shape[axis] else {
      throw AttentionError.invalidArgument(
        "range", was: "\(range.lowerBound)..<\(range.upperBound)", expected: "a range within 0..<\(shape[axis])")
    }
    var shape = shape
    shape[axis] = range.count
    let start = range.isEmpty ? offset : offset + range.lowerBound * strides[axis]
    return TensorView(storage: storage, offset: start, shape: shape, strides: strides)
  }

  /// The view repeated to `target` by the usual rules: axes are aligned at the end, and an axis of size 1 or a missing
  /// axis is repeated with stride 0, without a copy.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where an axis is neither 1 nor the target's size.
  public func broadcast(to target: [Int]) throws -> TensorView {
    let missing = target.count - shape.count
    var strides = [Int](repeating: 0, count: target.count)
    var fits = missing >= 0 && target.allSatisfy { $0 >= 0 }
    if fits {
      for axis in shape.indices {
        if shape[axis] == target[missing + axis] {
          strides[missing + axis] = self.strides[axis]
        } else if shape[axis] != 1 {
          fits = false
        }
      }
    }
    guard fits, Shape.elementCount(target, elementSize: 1) != nil else {
      throw AttentionError.invalidArgument(
        "shape", was: Shape.description(shape), expected: "one that broadcasts to \(Shape.description(target))")
    }
    return TensorView(storage: storage, offset: offset, shape: target, strides: strides)
  }
}

// MARK: Memory

extension TensorView {
  /// Writes all elements in row-major order to `destination`, which has room for `count` of them.
  func copyElements(to destination: UnsafeMutablePointer<Element>) {
    guard count > 0 else { return }
    let source = UnsafePointer(storage.base + offset)
    if isContiguous {
      destination.initialize(from: source, count: count)
      return
    }
    // Only the last axis is walked in the inner loop; the others advance like an odometer.
    let inner = shape.last ?? 1
    let innerStride = strides.last ?? 1
    var indices = [Int](repeating: 0, count: max(shape.count - 1, 0))
    var position = 0
    for row in 0..<(count / inner) {
      let out = destination + row * inner
      for column in 0..<inner { out[column] = source[position + column * innerStride] }
      for axis in indices.indices.reversed() {
        indices[axis] += 1
        position += strides[axis]
        if indices[axis] < shape[axis] { break }
        position -= indices[axis] * strides[axis]
        indices[axis] = 0
      }
    }
  }
}
