/// The types of elements in the corpus, with their values in memory, little-endian.
enum TritonElement: String, Decodable, Sendable {
  case f32, f16, bf16, s32, s8

  /// Bytes of an element.
  var size: Int {
    switch self {
    case .f32, .s32: 4
    case .f16, .bf16: 2
    case .s8: 1
    }
  }

  /// Whether the elements are integers.
  var isInteger: Bool { self == .s32 || self == .s8 }

  /// Half the distance from 1 to the next number: the bound of the relative error of one rounding. 0 for integers.
  var unitRoundoff: Double {
    switch self {
    case .f32: 0x1p-24
    case .f16: 0x1p-11
    case .bf16: 0x1p-8
    case .s32, .s8: 0
    }
  }

  /// The smallest positive number, below which the error of a rounding is absolute.
  var smallestPositive: Double {
    switch self {
    case .f32, .bf16: 0x1p-126
    case .f16: 0x1p-24
    case .s32, .s8: 0
    }
  }

  /// The bits of a value: rounded to nearest, ties to even, or towards zero for integers.
  func bits(_ value: Double) -> UInt32 {
    switch self {
    case .f32: Float(value).bitPattern
    case .f16: UInt32(Float16(value).bitPattern)
    case .bf16: Self.upperHalf(Float(value).bitPattern)
    case .s32: UInt32(bitPattern: Int32(value))
    case .s8: UInt32(UInt8(bitPattern: Int8(value)))
    }
  }

  /// The value of bits.
  func value(_ bits: UInt32) -> Double {
    switch self {
    case .f32: Double(Float(bitPattern: bits))
    case .f16: Double(Float16(bitPattern: UInt16(truncatingIfNeeded: bits)))
    case .bf16: Double(Float(bitPattern: bits << 16))
    case .s32: Double(Int32(bitPattern: bits))
    case .s8: Double(Int8(truncatingIfNeeded: bits))
    }
  }

  /// The value after a conversion to the type.
  func rounded(_ value: Double) -> Double { self.value(bits(value)) }

  /// A finite fp32 number rounded to its upper 16 bits, ties to even.
  private static func upperHalf(_ bits: UInt32) -> UInt32 {
    (bits + 0x7fff + (bits >> 16 & 1)) >> 16
  }
}
