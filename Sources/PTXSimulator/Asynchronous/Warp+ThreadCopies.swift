// Copies by threads: `cp.async` (PTX ISA, "Non-bulk copy").
extension Warp {
  func copyAsync(_ o: CopyOperation, _ lanes: UInt32) throws {
    try requireDefined(o.destination, lanes)
    let bytes = Int(o.byteCount)
    if o.sourceBytes != absent { try requireDefined(o.sourceBytes, lanes, "the size of the source") }
    if registers.poison(o.ignoresSource) & lanes != 0 {
      throw Fault(.undefinedValue, "whether the source is ignored has no value")
    }
    let ignored = registers.mask(o.ignoresSource)
    copies.note()
    try forEachLane(lanes) { lane in
      let place = try sharedAddress(o.destination, lane, bytes: bytes, alignment: bytes)
      var valid = o.sourceBytes == absent ? bytes : Int(registers.row(o.sourceBytes)[lane])
      if ignored >> UInt32(lane) & 1 == 1 { valid = 0 }
      guard valid <= bytes else {
        throw Fault(.invalidOperand, lane: lane, "\(valid) bytes of the source are more than the \(bytes) to copy")
      }
      var source: (region: MemoryRegion, place: Int)?
      if valid > 0 {
        try requireDefined(o.source, 1 << UInt32(lane))
        source = try globalPlace(address(o.source, lane), lane, bytes: valid, alignment: bytes)
        if let source { try noteGlobalRead(source.region, source.place, valid, lane) }
      }
      block.grid.counts.globalAsyncLoadBytes += valid
      let mark = try markInFlight(place..<(place + bytes), lane)
      let shared = block.shared
      let copy = ThreadCopy(shared: [place..<(place + bytes)], mark: mark, instruction: counter) {
        if let source {
          (shared.bytes + place).copyMemory(from: source.region.bytes + source.place, byteCount: valid)
          (shared.defined + place).update(from: source.region.defined + source.place, count: valid)
        }
        (shared.bytes + place + valid).initializeMemory(as: UInt8.self, repeating: 0, count: bytes - valid)
        (shared.defined + place + valid).update(repeating: 1, count: bytes - valid)
      }
      (shared.defined + place).update(repeating: 0, count: bytes)
      if block.grid.scheduler.deliversNow() { copy.deliver() }
      copies.loads[lane].open.append(copy)
    }
    block.grid.progress += 1
  }

  /// Checks that a copy may write bytes, and marks them until it is waited for.
  private func markInFlight(_ bytes: Range<Int>, _ lane: Int) throws -> Epoch {
    let mark = Epoch(component: Epoch.copyInFlight, clock: block.newCopy(), instruction: counter)
    try block.refuseBarrier(bytes.lowerBound, bytes.count, lane)
    if block.grid.options.checksOrder {
      try block.shared.noteWrite(bytes.lowerBound, bytes.count, accessor(lane)) { false }
    } else {
      try block.shared.checkInFlight(bytes.lowerBound, bytes.count, lane: lane)
    }
    block.shared.setWrites(bytes, to: mark)
    return mark
  }

  func commitCopies(_ lanes: UInt32) {
    copies.note()
    forEachLane(lanes) { copies.loads[$0].commit() }
  }

  /// - Parameter pending: Negative for all copies, committed or not.
  func waitCopies(_ pending: Int, _ lanes: UInt32) {
    forEachLane(lanes) { lane in
      let ended =
        pending < 0 ? copies.loads[lane].takeEverything() : copies.loads[lane].takeAll(but: pending)
      for copy in ended {
        copy.deliver()
        // From now on it is as if the thread had written the bytes.
        let epoch = Epoch(component: index * 32 + lane, clock: clocks.now, instruction: copy.instruction)
        for bytes in copy.shared { block.shared.replaceWrites(bytes, marked: copy.mark, by: epoch) }
      }
    }
  }

  func arriveAfterCopies(_ address: AddressOperand, _ addsPending: Bool, _ lanes: UInt32) throws {
    try requireDefined(address, lanes)
    try forEachLane(lanes) { lane in
      let barrier = try block.memoryBarrier(
        at: try sharedAddress(address, lane, bytes: 8, alignment: 8), lane: lane)
      try block.checkInitialised(barrier, self, lane)
      if addsPending { block.memoryBarriers[barrier].pending += 1 }
      let epoch = Epoch(component: index * 32 + lane, clock: clocks.now, instruction: counter)
      let told = VectorClock(componentCount: block.layout.count)
      clocks.release(1 << UInt32(lane), into: told)
      let ended = copies.loads[lane].takeEverything()
      try block.begin(
        OutstandingWork(
          kind: .arrival(barrier: barrier, copies: ended, epoch: epoch, told: told), warp: index, instruction: counter))
    }
  }
}

extension SharedMemory {
  /// Marks bytes as written by a copy in flight; whoever read them before does not matter any more.
  func setWrites(_ bytes: Range<Int>, to mark: Epoch) {
    for index in (bytes.lowerBound >> 1)..<((bytes.upperBound + 1) >> 1) {
      granules[index] = SharedGranule(write: mark)
    }
  }

  /// Ends a copy that still has its mark on bytes.
  func replaceWrites(_ bytes: Range<Int>, marked mark: Epoch, by epoch: Epoch) {
    for index in (bytes.lowerBound >> 1)..<((bytes.upperBound + 1) >> 1) where granules[index].write == mark {
      granules[index].write = epoch
    }
  }

  /// Ends a copy out of shared memory that still has its mark on bytes.
  func replaceReads(_ bytes: Range<Int>, marked mark: Epoch, by epoch: Epoch) {
    for index in (bytes.lowerBound >> 1)..<((bytes.upperBound + 1) >> 1) where granules[index].read2 == mark {
      granules[index].read2 = epoch
    }
  }
}
