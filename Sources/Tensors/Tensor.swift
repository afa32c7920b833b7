/// A dense tensor that owns its elements, in row-major order.
///
/// A tensor is a value: copying it is cheap, and mutating a copy never changes the original, because shared elements
/// are copied at the first mutation.
public struct Tensor<Element: TensorElement>: StridedTensor {
  @usableFromInline var storage: TensorStorage<Element>

  /// The size of each axis.
  public let shape: [Int]

  /// The distance of neighbours along each axis, in elements.
  public let strides: [Int]

  init(storage: TensorStorage<Element>, shape: [Int]) {
    self.storage = storage
    self.shape = shape
    strides = Shape.rowMajorStrides(shape)
  }

  public var view: TensorView<Element> {
    TensorView(storage: storage, offset: 0, shape: shape, strides: strides)
  }

  /// The number of elements.
  public var count: Int { storage.count }
}

// MARK: Making tensors

extension Tensor {
  /// A tensor of the given shape with whatever the memory held, for code that writes all elements before they are read.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for a negative or overflowing shape.
  package init(unwritten shape: [Int]) throws {
    self.init(storage: try Self.allocate(shape), shape: shape)
  }

  /// A tensor with every element equal to `value`.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for a negative or overflowing shape.
  public init(repeating value: Element, shape: [Int]) throws {
    let storage = try Self.allocate(shape)
    storage.base.initialize(repeating: value, count: storage.count)
    self.init(storage: storage, shape: shape)
  }

  /// A tensor with the elements of an array, given in row-major order.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where the array's length is not the shape's product.
  public init(_ scalars: [Element], shape: [Int]) throws {
    let storage = try Self.allocate(shape)
    guard storage.count == scalars.count else {
      throw AttentionError.invalidArgument(
        "scalars", was: "\(scalars.count) elements",
        expected: "\(storage.count) for the shape \(Shape.description(shape))")
    }
    scalars.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.base.initialize(from: base, count: scalars.count) }
    }
    self.init(storage: storage, shape: shape)
  }

  /// A dense copy of a view's elements.
  public init(copying source: some StridedTensor<Element>) {
    let view = source.view
    let storage = TensorStorage<Element>(uninitializedCount: view.count)
    view.copyElements(to: storage.base)
    self.init(storage: storage, shape: view.shape)
  }

  /// A tensor whose elements are those of `source`, converted by `transform`.
  public init<Source: TensorElement>(mapping source: some StridedTensor<Source>, _ transform: (Source) -> Element) {
    let dense = Tensor<Source>(copying: source)
    let storage = TensorStorage<Element>(uninitializedCount: dense.count)
    for index in 0..<dense.count {
      (storage.base + index).initialize(to: transform(dense.storage.base[index]))
    }
    self.init(storage: storage, shape: dense.shape)
  }

  private static func allocate(_ shape: [Int]) throws -> TensorStorage<Element> {
    guard shape.allSatisfy({ $0 >= 0 }),
      let count = Shape.elementCount(shape, elementSize: MemoryLayout<Element>.stride)
    else {
      throw AttentionError.invalidArgument(
        "shape", was: Shape.description(shape), expected: "dimensions of at least 0 whose product fits in memory")
    }
    return TensorStorage(uninitializedCount: count)
  }
}

// MARK: Elements

extension Tensor {
  /// The element at an index per axis.
  ///
  /// - Precondition: There is one index per axis and each lies within its axis.
  public subscript(indices: Int...) -> Element {
    get { view[indices] }
    set {
      let position = position(of: indices)
      makeUnique()
      storage.base[position] = newValue
    }
  }

  /// All elements in row-major order, as an array.
  public var scalars: [Element] { Array(UnsafeBufferPointer(start: storage.base, count: storage.count)) }

  /// Calls `body` with all elements in row-major order, for reading.
  public func withSpan<Result>(_ body: (Span<Element>) throws -> Result) rethrows -> Result {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.base, count: storage.count).span)
  }

  /// Calls `body` with all elements in row-major order, for reading and writing.
  public mutating func withMutableSpan<Result>(
    _ body: (inout MutableSpan<Element>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    defer { withExtendedLifetime(storage) {} }
    var span = UnsafeMutableBufferPointer(start: storage.base, count: storage.count).mutableSpan
    return try body(&span)
  }

  private func position(of indices: [Int]) -> Int {
    precondition(indices.count == shape.count, "\(indices.count) indices into a tensor of rank \(shape.count)")
    return zip(indices, zip(shape, strides)).reduce(0) { sum, axis in
      let (index, (size, stride)) = axis
      precondition(index >= 0 && index < size, "index \(index) outside an axis of \(size)")
      return sum + index * stride
    }
  }

  /// Calls `body` with memory for all elements, which it must write entirely.
  ///
  /// The memory is the tensor's own where nothing else refers to it, and new memory, which becomes the tensor's when
  /// `body` returns, where something does.
  package mutating func overwrite<Result>(
    _ body: (UnsafeMutablePointer<Element>) throws -> Result
  ) rethrows -> Result {
    if isUnique {
      defer { withExtendedLifetime(storage) {} }
      return try body(storage.base)
    }
    let memory = TensorStorage<Element>(uninitializedCount: storage.count)
    let result = try body(memory.base)
    storage = memory
    return result
  }

  private var isUnique: Bool {
    mutating get { storage.isWritable && isKnownUniquelyReferenced(&storage) }
  }

  private mutating func makeUnique() {
    if isUnique { return }
    let copy = TensorStorage<Element>(uninitializedCount: storage.count)
    copy.base.initialize(from: storage.base, count: storage.count)
    storage = copy
  }
}
