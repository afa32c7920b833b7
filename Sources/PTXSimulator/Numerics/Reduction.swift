/// Adds to memory, or keeps the lesser or the greater number there.
enum Reduction {
  static func combine(_ kind: AtomicOperation.Kind, _ type: PTXType, _ a: UInt64, _ b: UInt64) -> UInt64 {
    switch type {
    case .f32:
      let (x, y) = (Float(bitPattern: UInt32(truncatingIfNeeded: a)), Float(bitPattern: UInt32(truncatingIfNeeded: b)))
      return UInt64(Warp.compute(float(kind), x, y, 0, .nearestEven).bitPattern)
    case .f64:
      let (x, y) = (Double(bitPattern: a), Double(bitPattern: b))
      return (kind == .add ? x + y : kind == .min ? Double.minimum(x, y) : Double.maximum(x, y)).bitPattern
    case .f16, .f16x2: return half(kind, type == .f16x2, a, b, .float16, Half.float16)
    case .bf16, .bf16x2: return half(kind, type == .bf16x2, a, b, .bfloat16, Half.bfloat16)
    case .s32:
      let (x, y) = (Int32(truncatingIfNeeded: a), Int32(truncatingIfNeeded: b))
      return UInt64(UInt32(bitPattern: integer(kind, x, y)))
    case .s64: return UInt64(bitPattern: integer(kind, Int64(bitPattern: a), Int64(bitPattern: b)))
    case .u64, .b64: return integer(kind, a, b)
    default: return UInt64(integer(kind, UInt32(truncatingIfNeeded: a), UInt32(truncatingIfNeeded: b)))
    }
  }

  private static func float(_ kind: AtomicOperation.Kind) -> FloatOperation.Kind {
    kind == .add ? .add : kind == .min ? .minimum : .maximum
  }

  private static func integer<Number: FixedWidthInteger>(
    _ kind: AtomicOperation.Kind, _ a: Number, _ b: Number
  ) -> Number {
    kind == .add ? a &+ b : kind == .min ? Swift.min(a, b) : Swift.max(a, b)
  }

  private static func half(
    _ kind: AtomicOperation.Kind, _ isPair: Bool, _ a: UInt64, _ b: UInt64, _ format: NarrowFloat,
    _ widen: (UInt32) -> Float
  ) -> UInt64 {
    func one(_ a: UInt64, _ b: UInt64) -> UInt64 {
      let (x, y) = (UInt32(truncatingIfNeeded: a & 0xffff), UInt32(truncatingIfNeeded: b & 0xffff))
      return UInt64(format.bits(Warp.compute(float(kind), widen(x), widen(y), 0, .nearestEven)))
    }
    return one(a, b) | (isPair ? one(a >> 16, b >> 16) << 16 : 0)
  }
}
