/// Rearranging bits.
enum Bits {
  /// `bfe`: bits of a field, with the sign of the field's highest bit where the type is signed.
  @inline(__always)
  static func extract<Number: FixedWidthInteger>(_ a: Number, _ position: UInt32, _ count: UInt32) -> Number {
    let top = UInt32(Number.bitWidth - 1)
    if count == 0 { return 0 }
    let last = min(position + count - 1, top)
    let isNegative = Number.isSigned && a >> Number(last) & 1 != 0
    if position > top { return isNegative ? ~0 : 0 }
    let bits = a >> Number(position)
    let kept = last - position + 1
    if kept > top { return bits }
    let mask = (1 as Number) << Number(kept) &- 1
    return isNegative ? bits | ~mask : bits & mask
  }

  /// `bfi`: a field of `b` replaced by the low bits of `a`.
  @inline(__always)
  static func insert<Number: FixedWidthInteger>(
    _ a: Number, into b: Number, _ position: UInt32, _ count: UInt32
  ) -> Number {
    let width = UInt32(Number.bitWidth)
    if position >= width || count == 0 { return b }
    let ones = count >= width ? ~0 as Number : (1 as Number) << Number(count) &- 1
    let mask = ones << Number(position)
    return b & ~mask | a << Number(position) & mask
  }

  /// `prmt` without a mode: bytes of two registers, each chosen by a digit of the selector, or their signs.
  @inline(__always)
  static func permuteBytes(_ a: UInt32, _ b: UInt32, _ selector: UInt32) -> UInt32 {
    let bytes = UInt64(b) << 32 | UInt64(a)
    var result: UInt32 = 0
    for index in 0..<4 as Range<UInt32> {
      let choice = selector >> (4 * index) & 15
      var byte = UInt32(truncatingIfNeeded: bytes >> UInt64(8 * (choice & 7))) & 0xff
      if choice & 8 != 0 { byte = byte & 0x80 != 0 ? 0xff : 0 }
      result |= byte << (8 * index)
    }
    return result
  }

  /// `lop3`: any function of three bits, as a table.
  @inline(__always)
  static func lookup(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ table: UInt32) -> UInt32 {
    var result: UInt32 = 0
    if table & 0x01 != 0 { result |= ~a & ~b & ~c }
    if table & 0x02 != 0 { result |= ~a & ~b & c }
    if table & 0x04 != 0 { result |= ~a & b & ~c }
    if table & 0x08 != 0 { result |= ~a & b & c }
    if table & 0x10 != 0 { result |= a & ~b & ~c }
    if table & 0x20 != 0 { result |= a & ~b & c }
    if table & 0x40 != 0 { result |= a & b & ~c }
    if table & 0x80 != 0 { result |= a & b & c }
    return result
  }

  /// The upper half of `high:low` shifted to the left.
  @inline(__always)
  static func funnelLeft(_ low: UInt32, _ high: UInt32, _ count: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: ((UInt64(high) << 32 | UInt64(low)) << UInt64(count)) >> 32)
  }

  /// The lower half of `high:low` shifted to the right.
  @inline(__always)
  static func funnelRight(_ low: UInt32, _ high: UInt32, _ count: UInt32) -> UInt32 {
    UInt32(truncatingIfNeeded: (UInt64(high) << 32 | UInt64(low)) >> UInt64(count))
  }
}
