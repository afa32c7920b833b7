import FlashAttention

/// A repeatable source of numbers: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number that is roughly normal with mean 0 and variance 1: the sum of twelve uniform ones.
  mutating func normal() -> Double {
    (0..<12).reduce(-6.0) { sum, _ in sum + Double(next() >> 11) * 0x1p-53 }
  }
}

extension Tensor where Element: AttentionElement {
  /// Roughly normal elements.
  static func random(_ shape: [Int], seed: UInt64, scale: Double = 1) throws -> Tensor {
    var generator = SeededGenerator(seed: seed)
    return try Tensor((0..<shape.reduce(1, *)).map { _ in Element(scale * generator.normal()) }, shape: shape)
  }
}
