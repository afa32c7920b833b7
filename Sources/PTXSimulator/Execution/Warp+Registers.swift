// Moves, choices, comparisons and logic of predicates.
extension Warp {
  func move(_ operation: MoveOperation, _ lanes: UInt32) {
    switch operation.kind {
    case .bits32:
      registers.map(operation.destination, operation.source, lanes) { (a: UInt32) in a }
    case .bits64: registers.map(operation.destination, operation.source, lanes) { (a: UInt64) in a }
    }
  }

  /// The number of instructions that the warp has run stands for time.
  func readClock(_ operation: ClockOperation, _ lanes: UInt32) {
    let row = registers.row(operation.destination)
    forEachLane(lanes) { lane in
      if operation.is64 { UInt64(executed).write(row, lane) } else { row[lane] = UInt32(truncatingIfNeeded: executed) }
    }
    registers.setPoison(operation.destination, lanes, 0)
  }

  func pack(_ operation: PackOperation, _ lanes: UInt32) {
    let parts = kernel.pool + Int(operation.parts.start)
    let bits = UInt64(operation.bitsOfPart)
    let mask = (1 as UInt64) << bits - 1
    let whole = registers.row(operation.whole)
    var poison: UInt32 = 0
    for part in 0..<Int(operation.parts.count) where parts[part] != absent { poison |= registers.poison(parts[part]) }
    forEachLane(lanes) { lane in
      var value: UInt64 = 0
      for part in 0..<Int(operation.parts.count) where parts[part] != absent {
        value |= (UInt64(registers.row(parts[part])[lane]) & mask) << (bits * UInt64(part))
      }
      if operation.isWhole64 { value.write(whole, lane) } else { whole[lane] = UInt32(truncatingIfNeeded: value) }
    }
    registers.setPoison(operation.whole, lanes, poison)
  }

  func unpack(_ operation: PackOperation, _ lanes: UInt32) {
    let parts = kernel.pool + Int(operation.parts.start)
    let bits = UInt64(operation.bitsOfPart)
    let mask = (1 as UInt64) << bits - 1
    let whole = registers.row(operation.whole)
    let poison = registers.poison(operation.whole)
    // A part may be the register that is taken apart.
    forEachLane(lanes) { lane in
      let value = operation.isWhole64 ? UInt64.read(whole, lane) : UInt64(whole[lane])
      for part in 0..<Int(operation.parts.count) where parts[part] != absent {
        registers.row(parts[part])[lane] = UInt32(truncatingIfNeeded: value >> (bits * UInt64(part)) & mask)
      }
    }
    for part in 0..<Int(operation.parts.count) where parts[part] != absent {
      registers.setPoison(parts[part], lanes, poison)
    }
  }

  func select(_ operation: SelectOperation, _ lanes: UInt32) {
    let holds = registers.mask(operation.condition)
    let poison =
      registers.poison(operation.a) & holds | registers.poison(operation.b) & ~holds
      | registers.poison(operation.condition)
    let (a, b, d) = (
      registers.row(operation.a), registers.row(operation.b), registers.row(operation.destination)
    )
    forEachLane(lanes) { lane in
      let source = holds >> UInt32(lane) & 1 == 1 ? a : b
      if operation.is64 { UInt64.read(source, lane).write(d, lane) } else { d[lane] = source[lane] }
    }
    registers.setPoison(operation.destination, lanes, poison)
  }

  func combine(_ operation: PredicateLogicOperation, _ lanes: UInt32) {
    let (a, b) = (registers.mask(operation.a), registers.mask(operation.b))
    guard operation.destination != absent else { return }
    registers.setPredicate(
      operation.destination, lanes, Self.combine(operation.kind, a, b), poison: combinedPoison(operation))
  }

  /// A false operand of a conjunction decides it, whatever the other one is.
  private func combinedPoison(_ operation: PredicateLogicOperation) -> UInt32 {
    let (x, y) = (registers.poison(operation.a), registers.poison(operation.b))
    let (a, b) = (registers.mask(operation.a), registers.mask(operation.b))
    switch operation.kind {
    case .and: return (x | y) & ~(~a & ~x) & ~(~b & ~y)
    case .or: return (x | y) & ~(a & ~x) & ~(b & ~y)
    case .exclusiveOr, .not: return x | y
    }
  }

  private static func combine(_ kind: PredicateLogicOperation.Kind, _ a: UInt32, _ b: UInt32) -> UInt32 {
    switch kind {
    case .and: a & b
    case .or: a | b
    case .exclusiveOr: a ^ b
    case .not: ~a
    }
  }

  // MARK: Comparisons

  func compare(_ operation: CompareOperation, _ lanes: UInt32) {
    let holds: UInt32
    switch operation.type {
    case .u8, .b8: holds = integers(operation, UInt8Lane.self)
    case .s8: holds = integers(operation, Int8Lane.self)
    case .u16, .b16: holds = integers(operation, UInt16.self)
    case .s16: holds = integers(operation, Int16.self)
    case .u32, .b32, .u16x2, .s16x2: holds = integers(operation, UInt32.self)
    case .s32: holds = integers(operation, Int32.self)
    case .u64, .b64: holds = integers(operation, UInt64.self)
    case .s64: holds = integers(operation, Int64.self)
    case .f64: holds = floats(operation) { Double.read($0, $1) }
    case .f16: holds = floats(operation) { Double(Half.float16($0[$1])) }
    case .bf16: holds = floats(operation) { Double(Half.bfloat16($0[$1])) }
    default:
      let flushes = operation.flushesSubnormals
      holds = floats(operation) { Double(Flush.apply(Float.read($0, $1), flushes)) }
    }
    var poison = registers.poison(operation.a) | registers.poison(operation.b)
    var (result, opposite) = (holds, ~holds)
    if let combination = operation.combination {
      let other = registers.mask(operation.combined)
      result = Self.combine(combination, holds, other)
      opposite = Self.combine(combination, ~holds, other)
      poison |= registers.poison(operation.combined)
    }
    if operation.destination != absent { registers.setPredicate(operation.destination, lanes, result, poison: poison) }
    if operation.opposite != absent { registers.setPredicate(operation.opposite, lanes, opposite, poison: poison) }
  }

  @inline(__always)
  private func test<Number: LaneValue>(_ operation: CompareOperation, _ holds: (Number, Number) -> Bool) -> UInt32 {
    let (a, b) = (registers.row(operation.a), registers.row(operation.b))
    var mask: UInt32 = 0
    for lane in 0..<32 where holds(Number.read(a, lane), Number.read(b, lane)) { mask |= 1 << UInt32(lane) }
    return mask
  }

  @inline(__always)
  private func integers<Number: LaneValue & Comparable>(_ operation: CompareOperation, _ type: Number.Type) -> UInt32 {
    switch operation.relation {
    case .equal: test(operation) { (a: Number, b: Number) in a == b }
    case .notEqual: test(operation) { (a: Number, b: Number) in a != b }
    case .less: test(operation) { (a: Number, b: Number) in a < b }
    case .lessOrEqual: test(operation) { (a: Number, b: Number) in a <= b }
    case .greater: test(operation) { (a: Number, b: Number) in a > b }
    default: test(operation) { (a: Number, b: Number) in a >= b }
    }
  }

  @inline(__always)
  private func floats(
    _ operation: CompareOperation, _ number: (UnsafeMutablePointer<UInt32>, Int) -> Double
  ) -> UInt32 {
    let (a, b) = (registers.row(operation.a), registers.row(operation.b))
    var mask: UInt32 = 0
    for lane in 0..<32 where Self.holds(operation.relation, number(a, lane), number(b, lane)) {
      mask |= 1 << UInt32(lane)
    }
    return mask
  }

  @inline(__always)
  private static func holds(_ relation: CompareOperation.Relation, _ a: Double, _ b: Double) -> Bool {
    let isNaN = a.isNaN || b.isNaN
    switch relation {
    case .equal: return a == b
    case .notEqual: return !isNaN && a != b
    case .less: return a < b
    case .lessOrEqual: return a <= b
    case .greater: return a > b
    case .greaterOrEqual: return a >= b
    case .equalUnordered: return isNaN || a == b
    case .notEqualUnordered: return isNaN || a != b
    case .lessUnordered: return isNaN || a < b
    case .lessOrEqualUnordered: return isNaN || a <= b
    case .greaterUnordered: return isNaN || a > b
    case .greaterOrEqualUnordered: return isNaN || a >= b
    case .areNumbers: return !isNaN
    case .isNaN: return isNaN
    }
  }
}

/// The low eight bits of a register.
struct UInt8Lane: LaneValue, Comparable {
  let value: UInt8
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> UInt8Lane {
    UInt8Lane(value: UInt8(truncatingIfNeeded: row[lane]))
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) { row[lane] = UInt32(value) }
  static func < (a: UInt8Lane, b: UInt8Lane) -> Bool { a.value < b.value }
}

/// The low eight bits of a register, with a sign.
struct Int8Lane: LaneValue, Comparable {
  let value: Int8
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Int8Lane {
    Int8Lane(value: Int8(truncatingIfNeeded: row[lane]))
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) {
    row[lane] = UInt32(UInt8(bitPattern: value))
  }
  static func < (a: Int8Lane, b: Int8Lane) -> Bool { a.value < b.value }
}

/// Subnormal numbers as zeros of the same sign.
enum Flush {
  @inline(__always) static func apply(_ number: Float, _ flushes: Bool) -> Float {
    flushes && number.magnitude < .leastNormalMagnitude
      ? Float(bitPattern: number.bitPattern & 0x8000_0000) : number
  }
}
