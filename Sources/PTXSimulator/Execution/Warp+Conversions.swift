// Conversions between types (PTX ISA, "cvt").
extension Warp {
  func convert(_ o: ConvertOperation, _ lanes: UInt32) {
    switch o.to {
    case .f16x2, .bf16x2: convertPair(o, lanes)
    case .f16, .bf16, .tf32, .f32, .f64: convertToFloat(o, lanes)
    default: convertToInteger(o, lanes)
    }
    let low = o.lowSource == absent ? 0 : registers.poison(o.lowSource)
    registers.setPoison(o.destination, lanes, registers.poison(o.source) | low)
  }

  private func convertPair(_ o: ConvertOperation, _ lanes: UInt32) {
    let format = o.to == .f16x2 ? NarrowFloat.float16 : .bfloat16
    let (high, low, d) = (registers.row(o.source), registers.row(o.lowSource), registers.row(o.destination))
    @inline(__always) func narrow(_ bits: UInt32) -> UInt32 {
      let number = Flush.apply(Float(bitPattern: bits), o.flushesSubnormals)
      return format.bits(o.clampsNegative && number < 0 ? 0 : number, o.rounding)
    }
    forEachLane(lanes) { d[$0] = narrow(high[$0]) << 16 | narrow(low[$0]) }
  }

  // MARK: Sources

  /// The low bits of a register as an integer.
  @inline(__always)
  private func integerSource(_ o: ConvertOperation, _ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Int64 {
    let bits = o.isSource64 ? UInt64.read(row, lane) : UInt64(row[lane])
    switch o.from {
    case .s8: return Int64(Int8(truncatingIfNeeded: bits))
    case .s16: return Int64(Int16(truncatingIfNeeded: bits))
    case .s32: return Int64(Int32(truncatingIfNeeded: bits))
    case .u8, .b8: return Int64(bits & 0xff)
    case .u16, .b16: return Int64(bits & 0xffff)
    case .u32, .b32: return Int64(bits & 0xffff_ffff)
    default: return Int64(bitPattern: bits)
    }
  }

  /// A floating-point number, exactly.
  @inline(__always)
  private func floatSource(_ o: ConvertOperation, _ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Double {
    switch o.from {
    case .f16: return Double(Half.float16(row[lane] & 0xffff))
    case .bf16: return Double(Half.bfloat16(row[lane] & 0xffff))
    case .f64: return Double.read(row, lane)
    default: return Double(Flush.apply(Float(bitPattern: row[lane]), o.flushesSubnormals))
    }
  }

  // MARK: To floating-point numbers

  private func convertToFloat(_ o: ConvertOperation, _ lanes: UInt32) {
    let (source, d) = (registers.row(o.source), registers.row(o.destination))
    forEachLane(lanes) { lane in
      if o.from.isFloat {
        var number = floatSource(o, source, lane)
        if o.roundsToInteger { number = Self.round(number, o.rounding) }
        if o.saturates { number = number.isNaN ? 0 : min(max(number, 0), 1) }
        if o.clampsNegative && number < 0 { number = 0 }
        write(number, o, d, lane)
      } else if o.from == .u64 || o.from == .b64 {
        write(UInt64.read(source, lane), o, d, lane)
      } else {
        write(integerSource(o, source, lane), o, d, lane)
      }
    }
  }

  private func write(_ number: Double, _ o: ConvertOperation, _ d: UnsafeMutablePointer<UInt32>, _ lane: Int) {
    // fp64 numbers that fp32 does not have keep a last bit that tells, so that rounding twice is right. A zero keeps
    // its sign where the zero with a sign is added.
    switch o.to {
    case .f64: number.write(d, lane)
    case .f32:
      let result = Flush.apply(DirectedRounding.round(number, 0, o.rounding), o.flushesSubnormals)
      d[lane] = Self.canonical(result).bitPattern
    case .f16: d[lane] = NarrowFloat.float16.bits(DirectedRounding.oddSum(number, -0.0), o.rounding)
    case .bf16: d[lane] = NarrowFloat.bfloat16.bits(DirectedRounding.oddSum(number, -0.0), o.rounding)
    default: d[lane] = NarrowFloat.tf32.bits(Float(number), o.rounding) << 13
    }
  }

  private func write(
    _ number: some FixedWidthInteger, _ o: ConvertOperation, _ d: UnsafeMutablePointer<UInt32>, _ lane: Int
  ) {
    // A 64-bit integer is the sum of two fp64 numbers.
    let high = Double(number)
    let low = Double(Int128(number) - Int128(high))
    switch o.to {
    case .f64: high.write(d, lane)
    case .f32: d[lane] = Self.nearest(high, low, o.rounding).bitPattern
    case .f16: d[lane] = NarrowFloat.float16.bits(DirectedRounding.oddSum(high, low), o.rounding)
    case .bf16: d[lane] = NarrowFloat.bfloat16.bits(DirectedRounding.oddSum(high, low), o.rounding)
    default: d[lane] = NarrowFloat.tf32.bits(DirectedRounding.oddSum(high, low), o.rounding) << 13
    }
  }

  /// A sum in fp32; where the first number lies half-way between two of fp32, the second one decides.
  private static func nearest(_ high: Double, _ low: Double, _ rounding: Rounding) -> Float {
    if low == 0 || rounding != .nearestEven { return DirectedRounding.round(high, low, rounding) }
    return Float(low > 0 ? high.nextUp : high.nextDown)
  }

  // MARK: To integers

  private func convertToInteger(_ o: ConvertOperation, _ lanes: UInt32) {
    let (source, d) = (registers.row(o.source), registers.row(o.destination))
    forEachLane(lanes) { lane in
      let value: Int64
      if o.from.isFloat {
        value = Self.integer(Self.round(floatSource(o, source, lane), o.rounding), o.to)
      } else {
        value = Self.narrow(integerSource(o, source, lane), o)
      }
      if o.destinationBytes == 8 {
        value.write(d, lane)
      } else {
        d[lane] = UInt32(truncatingIfNeeded: value)
      }
    }
    // Registers of 16 bits keep zeros above them.
    if o.destinationBytes == 2 { forEachLane(lanes) { d[$0] &= 0xffff } }
  }

  static func round(_ number: Double, _ rounding: Rounding) -> Double {
    switch rounding {
    case .nearestEven: number.rounded(.toNearestOrEven)
    case .nearestAway: number.rounded(.toNearestOrAwayFromZero)
    case .zero: number.rounded(.towardZero)
    case .down: number.rounded(.down)
    case .up: number.rounded(.up)
    }
  }

  /// The nearest integer of a type; NaN is zero, or the least number of 64-bit types.
  private static func integer(_ number: Double, _ type: PTXType) -> Int64 {
    func clamp<Number: FixedWidthInteger>(_: Number.Type) -> Int64 {
      if number.isNaN { return Number.bitWidth == 64 ? Int64.min : 0 }
      if number >= Double(Number.max) { return Int64(truncatingIfNeeded: Number.max) }
      if number <= Double(Number.min) { return Int64(truncatingIfNeeded: Number.min) }
      return Int64(truncatingIfNeeded: Number(number))
    }
    switch type {
    case .u8, .b8: return clamp(UInt8.self)
    case .s8: return clamp(Int8.self)
    case .u16, .b16: return clamp(UInt16.self)
    case .s16: return clamp(Int16.self)
    case .s32: return clamp(Int32.self)
    case .u64, .b64: return clamp(UInt64.self)
    case .s64: return clamp(Int64.self)
    default: return clamp(UInt32.self)
    }
  }

  private static func narrow(_ number: Int64, _ o: ConvertOperation) -> Int64 {
    func convert<Number: FixedWidthInteger>(_: Number.Type) -> Int64 {
      guard o.saturates else { return Int64(truncatingIfNeeded: Number(truncatingIfNeeded: number)) }
      if o.from == .u64 { return Int64(truncatingIfNeeded: Number(clamping: UInt64(bitPattern: number))) }
      return Int64(truncatingIfNeeded: Number(clamping: number))
    }
    switch o.to {
    case .u8, .b8: return convert(UInt8.self)
    case .s8: return convert(Int8.self)
    case .u16, .b16: return convert(UInt16.self)
    case .s16: return convert(Int16.self)
    case .u32, .b32: return convert(UInt32.self)
    case .s32: return convert(Int32.self)
    case .u64, .b64: return convert(UInt64.self)
    default: return convert(Int64.self)
    }
  }
}
