/// The registers of a warp: rows of 32 lanes, predicates as masks, and for both which lanes have no value.
struct RegisterFile {
  private let rows: UnsafeMutablePointer<UInt32>
  /// For each row the lanes that nothing has written, or that were computed from such.
  let poison: UnsafeMutablePointer<UInt32>
  let predicates: UnsafeMutablePointer<UInt32>
  let predicatePoison: UnsafeMutablePointer<UInt32>

  init(rowCount: Int, predicateCount: Int) {
    // Rows are accessed by 64 bits as well.
    let storage = UnsafeMutableRawPointer.allocate(byteCount: max(rowCount, 1) * 128, alignment: 128)
    rows = storage.bindMemory(to: UInt32.self, capacity: max(rowCount, 1) * 32)
    rows.initialize(repeating: 0xcdcd_cdcd, count: rowCount * 32)
    poison = .allocate(capacity: max(rowCount, 1))
    poison.initialize(repeating: .max, count: rowCount)
    predicates = .allocate(capacity: max(predicateCount, 1))
    predicates.initialize(repeating: 0, count: predicateCount)
    predicatePoison = .allocate(capacity: max(predicateCount, 1))
    predicatePoison.initialize(repeating: .max, count: predicateCount)
  }

  func deallocate() {
    rows.deallocate()
    poison.deallocate()
    predicates.deallocate()
    predicatePoison.deallocate()
  }

  @inline(__always) func row(_ row: Row) -> UnsafeMutablePointer<UInt32> { rows + Int(row) * 32 }

  @inline(__always) func poison(_ row: Row) -> UInt32 { poison[Int(row)] }

  @inline(__always) func setPoison(_ row: Row, _ lanes: UInt32, _ value: UInt32) {
    poison[Int(row)] = poison[Int(row)] & ~lanes | value & lanes
  }

  /// The lanes where a predicate holds.
  @inline(__always) func mask(_ operand: PredicateOperand) -> UInt32 {
    let mask = predicates[Int(operand.index)]
    return operand.isNegated ? ~mask : mask
  }

  @inline(__always) func poison(_ operand: PredicateOperand) -> UInt32 { predicatePoison[Int(operand.index)] }

  @inline(__always) func setPredicate(_ index: PredicateIndex, _ lanes: UInt32, _ value: UInt32, poison: UInt32) {
    predicates[Int(index)] = predicates[Int(index)] & ~lanes | value & lanes
    predicatePoison[Int(index)] = predicatePoison[Int(index)] & ~lanes | poison & lanes
  }

  /// Fills a row with equal lanes, or writes one number for each.
  func fill(_ row: Int, is64: Bool = false, _ value: (Int) -> UInt64) {
    let start = self.row(Row(row))
    for lane in 0..<32 {
      if is64 { value(lane).write(start, lane) } else { start[lane] = UInt32(truncatingIfNeeded: value(lane)) }
    }
    poison[row] = 0
  }

  // MARK: Lane by lane

  @inline(__always)
  func map<A: LaneValue, R: LaneValue>(_ d: Row, _ a: Row, _ lanes: UInt32, _ body: (A) -> R) {
    let (x, result) = (row(a), row(d))
    if lanes == .max {
      for lane in 0..<32 { body(A.read(x, lane)).write(result, lane) }
    } else {
      forEachLane(lanes) { body(A.read(x, $0)).write(result, $0) }
    }
    setPoison(d, lanes, poison(a))
  }

  @inline(__always)
  func map<A: LaneValue, B: LaneValue, R: LaneValue>(
    _ d: Row, _ a: Row, _ b: Row, _ lanes: UInt32, _ body: (A, B) -> R
  ) {
    let (x, y, result) = (row(a), row(b), row(d))
    if lanes == .max {
      for lane in 0..<32 { body(A.read(x, lane), B.read(y, lane)).write(result, lane) }
    } else {
      forEachLane(lanes) { body(A.read(x, $0), B.read(y, $0)).write(result, $0) }
    }
    setPoison(d, lanes, poison(a) | poison(b))
  }

  @inline(__always)
  func map<A: LaneValue, B: LaneValue, C: LaneValue, R: LaneValue>(
    _ d: Row, _ a: Row, _ b: Row, _ c: Row, _ lanes: UInt32, _ body: (A, B, C) -> R
  ) {
    let (x, y, z, result) = (row(a), row(b), row(c), row(d))
    if lanes == .max {
      for lane in 0..<32 { body(A.read(x, lane), B.read(y, lane), C.read(z, lane)).write(result, lane) }
    } else {
      forEachLane(lanes) { body(A.read(x, $0), B.read(y, $0), C.read(z, $0)).write(result, $0) }
    }
    setPoison(d, lanes, poison(a) | poison(b) | poison(c))
  }
}
