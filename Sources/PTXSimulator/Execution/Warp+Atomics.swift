// Atomic operations (PTX ISA, "atom" and "red").
extension Warp {
  func atomic(_ o: AtomicOperation, _ lanes: UInt32) throws -> StepResult {
    try requireDefined(o.address, lanes)
    let operands = kernel.pool + Int(o.operands.start)
    let results = kernel.pool + Int(o.results.start)
    let size = o.type.byteCount
    let count = Int(o.operands.count)
    for index in 0..<count { try requireDefined(operands[index], lanes, "the operand") }
    if o.replacement != absent { try requireDefined(o.replacement, lanes, "the new value") }
    var poison: UInt32 = 0
    try forEachLane(lanes) { lane in
      let address = address(o.address, lane)
      let isShared = o.space == .shared || o.space == .generic && AddressWindow.space(of: address) == .shared
      let target: UnsafeMutableRawPointer
      let defined: UnsafeMutablePointer<UInt8>
      if isShared {
        let place = try sharedAddress(o.address, lane, bytes: size * count, alignment: size * count)
        try noteSharedRead(place, size * count, lane, isStrong: true)
        try noteSharedWrite(place, size * count, lane, isStrong: true) { false }
        block.synchronization.acquire(UInt64(place), o.order, self, lane)
        block.synchronization.release(UInt64(place), o.order, self, lane)
        (target, defined) = (block.shared.bytes + place, block.shared.defined + place)
      } else {
        let (region, place) = try globalPlace(address, lane, bytes: size * count, alignment: size * count)
        try requireWritable(region, lane)
        try noteGlobalRead(region, place, size * count, lane, isStrong: true)
        try noteGlobalWrite(region, place, size * count, lane, isStrong: true) { false }
        block.grid.synchronization.acquire(address, o.order, self, lane)
        block.grid.synchronization.release(address, o.order, self, lane)
        (target, defined) = (region.bytes + place, region.defined + place)
        block.grid.counts.globalAtomicBytes += size * count
      }
      for index in 0..<count {
        let isDefined = (0..<size).allSatisfy { defined[index * size + $0] == 1 }
        guard isDefined || o.kind == .exch else {
          throw Fault(.undefinedValue, lane: lane, "nothing has written what is changed")
        }
        if !isDefined { poison |= 1 << UInt32(lane) }
        let old = Self.bits(target + index * size, o.type)
        var new = apply(o, old, operand(operands[index], o.type, lane), lane)
        (target + index * size).copyMemory(from: &new, byteCount: size)
        (defined + index * size).update(repeating: 1, count: size)
        if index < Int(o.results.count), results[index] != absent {
          let row = registers.row(results[index])
          if size == 8 { old.write(row, lane) } else { row[lane] = UInt32(truncatingIfNeeded: old) }
        }
      }
      block.grid.progress += 1
    }
    for index in 0..<Int(o.results.count) where results[index] != absent {
      registers.setPoison(results[index], lanes, poison)
    }
    return .yield
  }

  private func operand(_ row: Row, _ type: PTXType, _ lane: Int) -> UInt64 {
    type.byteCount == 8 ? UInt64.read(registers.row(row), lane) : UInt64(registers.row(row)[lane])
  }

  private func apply(_ o: AtomicOperation, _ old: UInt64, _ value: UInt64, _ lane: Int) -> UInt64 {
    switch o.kind {
    case .exch: return value
    case .cas:
      let mask: UInt64 = o.type.byteCount == 8 ? .max : (1 << UInt64(8 * o.type.byteCount)) - 1
      return old & mask == value & mask ? operand(o.replacement, o.type, lane) : old
    case .and: return old & value
    case .or: return old | value
    case .xor: return old ^ value
    case .inc: return UInt64(UInt32(truncatingIfNeeded: old >= value ? 0 : old + 1))
    case .dec: return old == 0 || old > value ? value : old - 1
    case .add, .min, .max: return Reduction.combine(o.kind, o.type, old, value)
    }
  }
}
