/// A block of element memory that tensors and views share by reference.
///
/// A block is written only while exactly one tensor refers to it (see ``Tensor``), so sharing it between threads for
/// reading is safe; that is what the unchecked conformance to `Sendable` states.
@usableFromInline
final class TensorStorage<Element: TensorElement>: @unchecked Sendable {
  /// What keeps the memory alive, and so what has to happen at the end.
  enum Owner {
    case allocation
    case other(AnyObject & Sendable)
  }

  @usableFromInline let base: UnsafeMutablePointer<Element>
  @usableFromInline let count: Int
  private let owner: Owner

  /// Allocates memory for `count` elements without initialising it.
  ///
  /// The alignment is a cache line, so that the vector loads of a kernel do not straddle one.
  init(uninitializedCount count: Int) {
    let bytes = max(count, 1) * MemoryLayout<Element>.stride
    base = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64).bindMemory(
      to: Element.self, capacity: max(count, 1))
    self.count = count
    owner = .allocation
  }

  /// Refers to memory that `owner` keeps alive and that nobody writes while `owner` lives.
  init(borrowing base: UnsafePointer<Element>, count: Int, from owner: AnyObject & Sendable) {
    self.base = UnsafeMutablePointer(mutating: base)
    self.count = count
    self.owner = .other(owner)
  }

  /// Whether the memory may be written by its only owner.
  var isWritable: Bool {
    if case .allocation = owner { true } else { false }
  }

  deinit {
    if case .allocation = owner { UnsafeMutableRawPointer(base).deallocate() }
  }
}
