/// A tensor in device memory and the box that one copy of the tensor memory accelerator moves.
///
/// Dimensions are listed innermost first. The innermost one is contiguous; each other has a stride in bytes.
public struct TensorMapDescription: Hashable, Sendable {
  public var element: Element

  /// Where the tensor begins, a multiple of 16.
  public var address: DevicePointer

  /// Elements along each dimension.
  public var sizes: [Int]

  /// Bytes between neighbours along each dimension but the innermost, multiples of 16.
  public var strides: [Int]

  /// Elements of the box along each dimension, at most 256.
  public var box: [Int]

  /// Steps in elements along each dimension, at most 8; the hardware ignores that of the innermost.
  public var elementStrides: [Int]

  public var swizzle: Swizzle
  public var promotion: CachePromotion
  public var fill: OutOfBoundsFill

  /// Describes a tensor; without `elementStrides` every element along every dimension is copied.
  public init(
    element: Element, address: DevicePointer, sizes: [Int], strides: [Int], box: [Int],
    elementStrides: [Int]? = nil, swizzle: Swizzle = .none, promotion: CachePromotion = .none,
    fill: OutOfBoundsFill = .zero
  ) {
    self.element = element
    self.address = address
    self.sizes = sizes
    self.strides = strides
    self.box = box
    self.elementStrides = elementStrides ?? [Int](repeating: 1, count: sizes.count)
    self.swizzle = swizzle
    self.promotion = promotion
    self.fill = fill
  }

  /// The number of dimensions.
  public var rank: Int { sizes.count }

  /// The layout in which dimensions are not interleaved (CU_TENSOR_MAP_INTERLEAVE_NONE), the only one used.
  static let noInterleaving: UInt32 = 0
}

extension TensorMapDescription {
  /// The type of an element (CUtensorMapDataType); those that attention moves.
  public enum Element: UInt32, CaseIterable, Hashable, Sendable {
    case uint8 = 0
    case uint16 = 1
    case uint32 = 2
    case int32 = 3
    case float16 = 6
    case float32 = 7
    case bfloat16 = 9

    /// Bytes of an element.
    public var byteCount: Int {
      switch self {
      case .uint8: 1
      case .uint16, .float16, .bfloat16: 2
      case .uint32, .int32, .float32: 4
      }
    }

    /// Whether out-of-bounds elements may be filled with NaN.
    public var isFloatingPoint: Bool {
      switch self {
      case .float16, .float32, .bfloat16: true
      case .uint8, .uint16, .uint32, .int32: false
      }
    }
  }

  /// How 16-byte pieces are permuted in shared memory (CUtensorMapSwizzle).
  public enum Swizzle: UInt32, CaseIterable, Hashable, Sendable {
    case none = 0
    case bytes32 = 1
    case bytes64 = 2
    case bytes128 = 3

    /// The most bytes that the box may have along the innermost dimension.
    public var span: Int? {
      switch self {
      case .none: nil
      case .bytes32: 32
      case .bytes64: 64
      case .bytes128: 128
      }
    }
  }

  /// How much the second-level cache reads for a copy (CUtensorMapL2promotion).
  public enum CachePromotion: UInt32, CaseIterable, Hashable, Sendable {
    case none = 0
    case bytes64 = 1
    case bytes128 = 2
    case bytes256 = 3
  }

  /// What elements outside the tensor read as (CUtensorMapFloatOOBfill).
  public enum OutOfBoundsFill: UInt32, CaseIterable, Hashable, Sendable {
    case zero = 0
    case nan = 1
  }
}
