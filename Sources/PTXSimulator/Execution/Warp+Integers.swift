/// Integers that instructions compute with.
protocol LaneInteger: LaneValue, FixedWidthInteger {
  associatedtype Wide: LaneValue & FixedWidthInteger
}

extension UInt16: LaneInteger { typealias Wide = UInt32 }
extension Int16: LaneInteger { typealias Wide = Int32 }
extension UInt32: LaneInteger { typealias Wide = UInt64 }
extension Int32: LaneInteger { typealias Wide = Int64 }
extension UInt64: LaneInteger { typealias Wide = UInt64 }
extension Int64: LaneInteger { typealias Wide = Int64 }

// Arithmetic and logic of integers (PTX ISA, sections 9.7.1 and 9.7.8).
extension Warp {
  func integer(_ operation: IntegerOperation, _ lanes: UInt32) {
    guard operation.destination != absent else { return }
    switch operation.type {
    case .u16, .b16: arithmetic(operation, lanes, UInt16.self)
    case .s16: arithmetic(operation, lanes, Int16.self)
    case .s32: arithmetic(operation, lanes, Int32.self)
    case .u64, .b64: arithmetic(operation, lanes, UInt64.self)
    case .s64: arithmetic(operation, lanes, Int64.self)
    default: arithmetic(operation, lanes, UInt32.self)
    }
  }

  @inline(__always)
  private func arithmetic<Number: LaneInteger>(_ o: IntegerOperation, _ lanes: UInt32, _ type: Number.Type) {
    let (d, a, b, c) = (o.destination, o.a, o.b, o.c)
    switch o.kind {
    case .add: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a &+ b }
    case .subtract: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a &- b }
    case .multiplyLow: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a &* b }
    case .multiplyHigh: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a.multipliedFullWidth(by: b).high }
    case .multiplyWide:
      registers.map(d, a, b, lanes) { (a: Number, b: Number) in
        Number.Wide(truncatingIfNeeded: a) &* Number.Wide(truncatingIfNeeded: b)
      }
    case .multiplyAddLow: registers.map(d, a, b, c, lanes) { (a: Number, b: Number, c: Number) in a &* b &+ c }
    case .multiplyAddHigh:
      registers.map(d, a, b, c, lanes) { (a: Number, b: Number, c: Number) in
        a.multipliedFullWidth(by: b).high &+ c
      }
    case .multiplyAddWide:
      registers.map(d, a, b, c, lanes) { (a: Number, b: Number, c: Number.Wide) in
        Number.Wide(truncatingIfNeeded: a) &* Number.Wide(truncatingIfNeeded: b) &+ c
      }
    case .divide:
      // What the hardware leaves in the register for a divisor of zero is all ones.
      registers.map(d, a, b, lanes) { (a: Number, b: Number) in
        b == 0 ? ~0 : a.dividedReportingOverflow(by: b).partialValue
      }
    case .remainder:
      registers.map(d, a, b, lanes) { (a: Number, b: Number) in
        b == 0 ? a : a.remainderReportingOverflow(dividingBy: b).partialValue
      }
    case .minimum: registers.map(d, a, b, lanes) { (a: Number, b: Number) in min(a, b) }
    case .maximum: registers.map(d, a, b, lanes) { (a: Number, b: Number) in max(a, b) }
    case .absolute: registers.map(d, a, lanes) { (a: Number) in a < 0 ? 0 &- a : a }
    case .negate: registers.map(d, a, lanes) { (a: Number) in 0 &- a }
    default: logic(o, lanes, type)
    }
  }

  @inline(__always)
  private func logic<Number: LaneInteger>(_ o: IntegerOperation, _ lanes: UInt32, _ type: Number.Type) {
    let (d, a, b, c) = (o.destination, o.a, o.b, o.c)
    let width = UInt32(Number.bitWidth)
    switch o.kind {
    case .and: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a & b }
    case .or: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a | b }
    case .exclusiveOr: registers.map(d, a, b, lanes) { (a: Number, b: Number) in a ^ b }
    case .not: registers.map(d, a, lanes) { (a: Number) in ~a }
    case .logicalNot: registers.map(d, a, lanes) { (a: Number) in a == 0 ? 1 : 0 as Number }
    // Counts beyond the width shift everything out.
    case .shiftLeft: registers.map(d, a, b, lanes) { (a: Number, b: UInt32) in b >= width ? 0 : a &<< Number(b) }
    case .shiftRight:
      registers.map(d, a, b, lanes) { (a: Number, b: UInt32) in
        b >= width ? (a < 0 ? ~0 : 0) : a &>> Number(b)
      }
    case .countOnes: registers.map(d, a, lanes) { (a: Number) in UInt32(a.nonzeroBitCount) }
    case .countLeadingZeros: registers.map(d, a, lanes) { (a: Number) in UInt32(a.leadingZeroBitCount) }
    case .findLeadingBit:
      registers.map(d, a, lanes) { (a: Number) in
        let bits = a < 0 ? ~a : a
        return bits == 0 ? UInt32.max : width - 1 - UInt32(bits.leadingZeroBitCount)
      }
    case .reverseBits:
      registers.map(d, a, lanes) { (a: Number) in
        var result: Number = 0
        for bit in 0..<Number.bitWidth { result |= (a >> bit & 1) << (Number.bitWidth - 1 - bit) }
        return result
      }
    case .extractBits:
      registers.map(d, a, b, c, lanes) { (a: Number, b: UInt32, c: UInt32) in Bits.extract(a, b & 0xff, c & 0xff) }
    case .insertBits: insertBits(o, lanes, type)
    case .sumOfAbsoluteDifferences:
      registers.map(d, a, b, c, lanes) { (a: Number, b: Number, c: Number) in c &+ (a < b ? b &- a : a &- b) }
    default: logic32(o, lanes)
    }
  }

  @inline(__always)
  private func insertBits<Number: LaneInteger>(_ o: IntegerOperation, _ lanes: UInt32, _ type: Number.Type) {
    let (position, count) = (registers.row(o.c), registers.row(o.d))
    let (a, b, d) = (registers.row(o.a), registers.row(o.b), registers.row(o.destination))
    let poison = registers.poison(o.a) | registers.poison(o.b) | registers.poison(o.c) | registers.poison(o.d)
    forEachLane(lanes) { lane in
      Bits.insert(Number.read(a, lane), into: Number.read(b, lane), position[lane] & 0xff, count[lane] & 0xff)
        .write(d, lane)
    }
    registers.setPoison(o.destination, lanes, poison)
  }

  /// Operations that only registers of 32 bits have.
  private func logic32(_ o: IntegerOperation, _ lanes: UInt32) {
    let (d, a, b, c) = (o.destination, o.a, o.b, o.c)
    switch o.kind {
    case .permuteBytes:
      registers.map(d, a, b, c, lanes) { (a: UInt32, b: UInt32, c: UInt32) in Bits.permuteBytes(a, b, c) }
    case .lookup3:
      let table = UInt32(o.d)
      registers.map(d, a, b, c, lanes) { (a: UInt32, b: UInt32, c: UInt32) in Bits.lookup(a, b, c, table) }
    case .funnelLeftWrap:
      registers.map(d, a, b, c, lanes) { (a: UInt32, b: UInt32, c: UInt32) in Bits.funnelLeft(a, b, c & 31) }
    case .funnelLeftClamp:
      registers.map(d, a, b, c, lanes) { (a: UInt32, b: UInt32, c: UInt32) in Bits.funnelLeft(a, b, min(c, 32)) }
    case .funnelRightWrap:
      registers.map(d, a, b, c, lanes) { (a: UInt32, b: UInt32, c: UInt32) in Bits.funnelRight(a, b, c & 31) }
    default:
      registers.map(d, a, b, c, lanes) { (a: UInt32, b: UInt32, c: UInt32) in Bits.funnelRight(a, b, min(c, 32)) }
    }
  }
}
