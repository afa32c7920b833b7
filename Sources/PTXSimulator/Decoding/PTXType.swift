/// A fundamental or packed type of PTX (PTX ISA, section 5.2).
enum PTXType: String, CaseIterable {
  case u8, u16, u32, u64
  case s8, s16, s32, s64
  case b8, b16, b32, b64, b128
  case f16, bf16, f32, f64, tf32
  case f16x2, bf16x2, u16x2, s16x2
  case pred

  /// The size in bytes; a predicate has none in memory.
  var byteCount: Int {
    switch self {
    case .pred: 0
    case .u8, .s8, .b8: 1
    case .u16, .s16, .b16, .f16, .bf16: 2
    case .u32, .s32, .b32, .f32, .tf32, .f16x2, .bf16x2, .u16x2, .s16x2: 4
    case .u64, .s64, .b64, .f64: 8
    case .b128: 16
    }
  }

  var isSigned: Bool {
    switch self {
    case .s8, .s16, .s32, .s64: true
    default: false
    }
  }

  var isFloat: Bool {
    switch self {
    case .f16, .bf16, .f32, .f64, .tf32, .f16x2, .bf16x2: true
    default: false
    }
  }
}
