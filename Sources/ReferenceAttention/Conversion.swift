import FlashAttention

// Conversions of whole tensors. They branch on the element type once and not per element, because generic conversions
// that are not specialised are a hundred times slower, and tests convert millions of elements.

extension StridedTensor where Element: AttentionElement {
  /// All elements in row-major order in fp64, without rounding.
  public var doubles: [Double] {
    // Casting the array would cast every element.
    let scalars = view.scalars
    return switch Element.attentionElementType {
    case .float32: unsafeBitCast(scalars, to: [Float].self).map { Double($0) }
    case .float16: unsafeBitCast(scalars, to: [Float16].self).map { Double($0) }
    case .bfloat16:
      unsafeBitCast(scalars, to: [UInt16].self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
    }
  }
}

extension Tensor<Double> {
  /// The same elements in fp64, without rounding.
  public init<Source: AttentionElement>(converting source: some StridedTensor<Source>) throws {
    try self.init(source.doubles, shape: source.shape)
  }
}

extension Tensor where Element: AttentionElement {
  /// The elements of an array, rounded to the tensor's type.
  public init(rounding scalars: [Double], shape: [Int]) throws {
    let elements =
      switch Element.attentionElementType {
      case .float32: unsafeBitCast(scalars.map { Float($0) }, to: [Element].self)
      case .float16: unsafeBitCast(scalars.map { Float16($0) }, to: [Element].self)
      case .bfloat16:
        unsafeBitCast(
          scalars.map { UInt16(Float(AttentionElementType.bfloat16.rounded($0)).bitPattern >> 16) },
          to: [Element].self)
      }
    try self.init(elements, shape: shape)
  }

  /// Roughly normal elements with mean 0 and standard deviation `scale`.
  public static func random(_ shape: [Int], seed: UInt64, scale: Double = 1) throws -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return try Tensor(rounding: (0..<shape.reduce(1, *)).map { _ in scale * generator.normal() }, shape: shape)
  }
}

/// A repeatable source of numbers: SplitMix64.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator whose numbers depend on `seed` alone.
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number that is roughly normal with mean 0 and variance 1: the sum of twelve uniform ones.
  public mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += Double(next() >> 11) * 0x1p-53 }
    return sum
  }
}
