/// How rows of a tile in shared memory are rearranged so that a column of it lies in different banks.
///
/// The 16-byte chunks of a row are exchanged by the exclusive or of a chunk's number with that of its row, as the
/// hardware does it where it copies and multiplies tiles (PTX ISA, "Swizzling modes"). A tile begins at a multiple of
/// ``period``.
public enum Swizzle: Int, Sendable, CaseIterable {
  /// Rows stay as they are.
  case none = 0
  /// Rows of 32 bytes: two chunks.
  case bytes32 = 1
  /// Rows of 64 bytes: four chunks.
  case bytes64 = 2
  /// Rows of 128 bytes: eight chunks.
  case bytes128 = 3

  /// The bytes of a row that are rearranged together; without a swizzle, those of one chunk.
  public var rowBytes: Int { 16 << rawValue }

  /// The bytes after which the arrangement repeats.
  public var period: Int { self == .none ? 16 : rowBytes * 8 }

  /// The bits of a chunk's number that change.
  private var mask: Int { (1 << rawValue) - 1 }

  /// Where the byte at an offset from the beginning of a tile lies.
  public func place(of offset: Int) -> Int { offset ^ (offset >> 7 & mask) << 4 }

  /// As ``place(of:)`` for an offset that is known while the kernel runs.
  public func place(of offset: Value<U32>) -> Value<U32> {
    if let known = offset.constant { return Value(place(of: known)) }
    if self == .none { return offset }
    return offset ^ (offset >> 3 & (mask << 4))
  }

  /// The code of the mode in the description of a matrix for warpgroups.
  var descriptorCode: Int {
    switch self {
    case .none: 0
    case .bytes128: 1
    case .bytes64: 2
    case .bytes32: 3
    }
  }
}

/// The parts of a block's shared memory, by their offsets.
public struct SharedLayout: Sendable {
  /// The bytes in use.
  public private(set) var byteCount = 0

  public init() {}

  /// Reserves memory at a multiple of `alignment` and returns its offset.
  public mutating func reserve(bytes: Int, alignment: Int = 16) -> Int {
    let offset = (byteCount + alignment - 1) / alignment * alignment
    byteCount = offset + bytes
    return offset
  }
}
