// Instructions of barriers in shared memory (PTX ISA, "mbarrier").
extension Warp {
  func memoryBarrier(_ o: MemoryBarrierOperation, _ lanes: UInt32) throws -> StepResult {
    try requireDefined(o.address, lanes)
    if o.operand != absent { try requireDefined(o.operand, lanes, "the operand") }
    switch o.kind {
    case .initialize:
      try forEachLane(lanes) { lane in
        let address = try sharedAddress(o.address, lane, bytes: 8, alignment: 8)
        try block.initializeBarrier(at: address, count: Int(registers.row(o.operand)[lane]), self, lane)
      }
    case .invalidate:
      try forEachLane(lanes) { lane in
        try block.invalidateBarrier(
          at: try sharedAddress(o.address, lane, bytes: 8, alignment: 8), self, lane)
      }
    case .arrive, .arriveExpect, .expect, .arriveDrop:
      try forEachBarrier(o, lanes) { index, same in try arrive(o, index, same) }
    case .testWait, .tryWait, .testWaitParity, .tryWaitParity: return try wait(o, lanes)
    }
    return .next
  }

  /// Calls a body for each barrier and the lanes that name it.
  private func forEachBarrier(
    _ o: MemoryBarrierOperation, _ lanes: UInt32, _ body: (Int, UInt32) throws -> Void
  ) throws {
    var rest = lanes
    while rest != 0 {
      let first = rest.trailingZeroBitCount
      let address = try sharedAddress(o.address, first, bytes: 8, alignment: 8)
      let index = try block.memoryBarrier(at: address, lane: first)
      var same: UInt32 = 0
      try forEachLane(rest) { lane in
        if try sharedAddress(o.address, lane, bytes: 8, alignment: 8) == address {
          same |= 1 << UInt32(lane)
          try block.checkInitialised(index, self, lane)
        }
      }
      rest &= ~same
      try body(index, same)
    }
  }

  private func arrive(_ o: MemoryBarrierOperation, _ index: Int, _ lanes: UInt32) throws {
    let first = lanes.trailingZeroBitCount
    if o.destination != absent {
      // The state names the phase.
      forEachLane(lanes) { UInt64(block.memoryBarriers[index].phase).write(registers.row(o.destination), $0) }
      registers.setPoison(o.destination, lanes, 0)
    }
    var total = 0
    forEachLane(lanes) { total += Int(registers.row(o.operand)[$0]) }
    if o.kind == .expect {
      try block.count(index, bytes: total, lane: first)
      return
    }
    if block.grid.options.checksOrder { clocks.release(lanes, into: block.memoryBarriers[index].arrivals) }
    switch o.kind {
    case .arriveExpect:
      try block.count(index, bytes: total, lane: first)
      try block.arrive(index, count: lanes.nonzeroBitCount, lane: first)
    case .arriveDrop: try block.drop(index, count: total, lane: first)
    default: try block.arrive(index, count: total, lane: first)
    }
  }

  private func wait(_ o: MemoryBarrierOperation, _ lanes: UInt32) throws -> StepResult {
    var over: UInt32 = 0
    var waited = -1
    try forEachBarrier(o, lanes) { index, same in
      let phase = block.memoryBarriers[index].phase
      var done: UInt32 = 0
      forEachLane(same) { lane in
        let isOver: Bool
        switch o.kind {
        // Only the lowest bit of a parity counts.
        case .testWaitParity, .tryWaitParity: isOver = phase & 1 != registers.row(o.operand)[lane] & 1
        default: isOver = UInt64(phase) != UInt64.read(registers.row(o.operand), lane)
        }
        if isOver { done |= 1 << UInt32(lane) }
      }
      if done != same { waited = index }
      if done != 0 && block.grid.options.checksOrder && o.order != .relaxed {
        clocks.acquire(done, from: block.memoryBarriers[index].completed, living: living)
      }
      over |= done
    }
    let mayBlock = o.kind == .tryWait || o.kind == .tryWaitParity
    if over == 0 && mayBlock && !timesOut && failedWait == counter {
      state = .atMemoryBarrier(waited)
      return .blocked
    }
    timesOut = false
    failedWait = over == lanes ? -1 : counter
    if o.destination != absent { registers.setPredicate(o.destination, lanes, over, poison: 0) }
    return over == lanes ? .next : .yield
  }
}
