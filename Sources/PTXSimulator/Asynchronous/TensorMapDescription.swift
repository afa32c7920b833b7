/// A tensor in global memory and the tiles in which bulk copies move it: what `cuTensorMapEncodeTiled` takes.
public struct TensorMapDescription: Hashable, Sendable {
  /// The type of the tensor's elements.
  public enum Element: UInt8, Sendable, CaseIterable {
    case uint8, uint16, uint32, int32, uint64, int64, float16, float32, float64, bfloat16, float32FlushedToZero
    case tf32, tf32FlushedToZero

    /// The size in bytes.
    public var byteCount: Int {
      switch self {
      case .uint8: 1
      case .uint16, .float16, .bfloat16: 2
      case .uint32, .int32, .float32, .float32FlushedToZero, .tf32, .tf32FlushedToZero: 4
      case .uint64, .int64, .float64: 8
      }
    }

    /// Whether elements outside of the tensor can be NaN.
    var isFloat: Bool {
      switch self {
      case .uint8, .uint16, .uint32, .int32, .uint64, .int64: false
      default: true
      }
    }
  }

  /// How 16-byte chunks are exchanged in shared memory.
  public enum Swizzle: UInt8, Sendable, CaseIterable {
    case none, bytes32, bytes64, bytes128

    /// The bytes that a row may have at most.
    var span: Int { self == .none ? .max : 16 << Int(rawValue) }

    /// Where the byte at an address goes.
    @inline(__always) func place(_ address: Int) -> Int { address ^ (address >> 7 & ((1 << Int(rawValue)) - 1)) << 4 }
  }

  /// What a load gets outside of the tensor.
  public enum Fill: UInt8, Sendable, CaseIterable {
    case zeros, notANumber
  }

  public var address: UInt64
  public var element: Element
  /// The number of elements along each axis, innermost first.
  public var sizes: [Int]
  /// The bytes from one index to the next, along each axis but the innermost.
  public var strides: [Int]
  /// The elements of a tile along each axis.
  public var box: [Int]
  public var swizzle: Swizzle
  public var fill: Fill

  /// Checks what the driver checks.
  public init(
    address: UInt64, element: Element, sizes: [Int], strides: [Int], box: [Int], swizzle: Swizzle = .none,
    fill: Fill = .zeros
  ) throws {
    self.address = address
    self.element = element
    self.sizes = sizes
    self.strides = strides
    self.box = box
    self.swizzle = swizzle
    self.fill = fill
    try check()
  }

  /// The number of axes.
  public var rank: Int { sizes.count }

  /// The bytes of a tile.
  public var tileBytes: Int { box.reduce(element.byteCount, *) }

  private func check() throws {
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
      if !condition { throw SimulationError.invalidTensorMap(reason()) }
    }
    try require((1...5).contains(rank), "\(rank) axes, where 1 to 5 are possible")
    try require(box.count == rank && strides.count == rank - 1, "sizes, strides and box do not have the same axes")
    try require(address > 0, "there is no address")
    try require(address % 16 == 0, "the address \(hexadecimal(address)) is not a multiple of 16")
    for size in sizes { try require(size > 0 && size <= 1 << 32, "a size of \(size) is not in 1...2^32") }
    for stride in strides {
      try require(
        stride % 16 == 0 && stride > 0 && stride < 1 << 40,
        "a stride of \(stride) bytes is not a positive multiple of 16 below 2^40")
    }
    for extent in box { try require((1...256).contains(extent), "a box of \(extent) elements is not in 1...256") }
    let rowBytes = box[0] * element.byteCount
    try require(rowBytes % 16 == 0, "the box's inner \(rowBytes) bytes are not a multiple of 16")
    try require(
      rowBytes <= swizzle.span, "the box's inner \(rowBytes) bytes are more than the swizzle's \(swizzle.span)")
    try require(fill == .zeros || element.isFloat, "only floating-point numbers can be NaN outside of the tensor")
  }
}
