import FlashAttention
import ReferenceAttention

/// Numbers of mean 0 and variance 1 in a 16-bit type, made once and taken from again and again.
///
/// A tensor takes as many as it needs from a place of its own on; where it needs more than there are, they come again.
/// There are an odd number of them, so that rows do not repeat.
struct NormalNumbers {
  let type: AttentionElementType
  /// The numbers as the type's bits.
  let bits: [UInt16]

  init(_ type: AttentionElementType, count: Int) {
    var generator = SeededGenerator(seed: 0x5eed)
    self.type = type
    bits = (0..<count).map { _ in type.bits(of: generator.normal()) }
  }

  func taken(_ count: Int, from start: Int) -> [UInt16] {
    (0..<count).map { bits[(start + $0) % bits.count] }
  }
}

extension AttentionElementType {
  /// A number, rounded to one of the 16-bit types, as its bits.
  func bits(of number: Double) -> UInt16 {
    switch self {
    case .float16: Float16(number).bitPattern
    case .bfloat16, .float32: UInt16(Float(rounded(number)).bitPattern >> 16)
    }
  }

  /// The number that bits of one of the 16-bit types stand for.
  func number(of bits: UInt16) -> Double {
    switch self {
    case .float16: Double(Float16(bitPattern: bits))
    case .bfloat16, .float32: Double(Float(bitPattern: UInt32(bits) << 16))
    }
  }
}
