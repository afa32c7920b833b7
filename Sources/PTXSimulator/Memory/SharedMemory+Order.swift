/// Who accesses shared memory now.
struct Accessor {
  let clock: VectorClock
  /// The thread's component.
  let component: Int
  let now: UInt32
  let instruction: Int
  let lane: Int

  @inline(__always) func epoch(isAtomic: Bool = false) -> Epoch {
    Epoch(component: component, clock: now, instruction: instruction, isAtomic: isAtomic)
  }

  /// Whether an access is ordered before this one.
  @inline(__always) func follows(_ epoch: Epoch) -> Bool {
    let component = epoch.component
    return component == self.component || component < Epoch.componentLimit && clock.times[component] >= epoch.clock
  }
}

// The happens-before check of accesses by threads.
extension SharedMemory {
  /// Notes that a thread reads bytes, or reports what the access races with.
  @inline(__always)
  func noteRead(_ address: Int, _ count: Int, _ by: Accessor, isAtomic: Bool = false) throws {
    let mine = by.epoch(isAtomic: isAtomic)
    for index in (address >> 1)..<((address + count + 1) >> 1) {
      let granule = granules + index
      let write = granule.pointee.write
      if !write.isNone && !by.follows(write) && !(isAtomic && write.isAtomic) {
        throw conflict(index, write, "this reads what that wrote", by.lane)
      }
      Self.remember(mine, in: granule, by)
    }
  }

  /// Keeps a read where there is room: in the place of an earlier one that it follows, or else of some other.
  @inline(__always)
  static func remember(_ read: Epoch, in granule: UnsafeMutablePointer<SharedGranule>, _ by: Accessor) {
    if granule.pointee.read0.isNone || by.follows(granule.pointee.read0) {
      granule.pointee.read0 = read
    } else if granule.pointee.read1.isNone || by.follows(granule.pointee.read1) {
      granule.pointee.read1 = read
    } else {
      if granule.pointee.read2.component != Epoch.storeInFlight { granule.pointee.read2 = read }
    }
  }

  /// Notes that a thread writes bytes, or reports what the access races with. Where an unordered write left the same
  /// bytes, there is no race: the result is the same in either order.
  @inline(__always)
  func noteWrite(_ address: Int, _ count: Int, _ by: Accessor, isAtomic: Bool = false, isSame: () -> Bool) throws {
    let mine = by.epoch(isAtomic: isAtomic)
    for index in (address >> 1)..<((address + count + 1) >> 1) {
      let granule = granules + index
      try checkReads(granule, index, by, isAtomic: isAtomic, isSame: isSame)
      let write = granule.pointee.write
      if !write.isNone && !by.follows(write) && !(isAtomic && write.isAtomic) {
        if write.component >= Epoch.componentLimit || !isSame() {
          throw conflict(index, write, "this writes what that wrote", by.lane)
        }
      }
      granule.pointee = SharedGranule(write: mine)
    }
  }

  @inline(__always)
  func checkReads(
    _ granule: UnsafeMutablePointer<SharedGranule>, _ index: Int, _ by: Accessor, isAtomic: Bool = false,
    isSame: () -> Bool
  ) throws {
    if granule.pointee.read0.isNone && granule.pointee.read2.isNone { return }
    try check(granule.pointee.read0, index, by, isAtomic: isAtomic, isSame: isSame)
    try check(granule.pointee.read1, index, by, isAtomic: isAtomic, isSame: isSame)
    try check(granule.pointee.read2, index, by, isAtomic: isAtomic, isSame: isSame)
  }

  @inline(__always)
  private func check(_ read: Epoch, _ index: Int, _ by: Accessor, isAtomic: Bool, isSame: () -> Bool) throws {
    if read.isNone || by.follows(read) || (isAtomic && read.isAtomic) { return }
    if read.component < Epoch.componentLimit && isSame() { return }
    throw conflict(index, read, "this writes what that reads", by.lane)
  }

  /// Refuses bytes that a copy in flight will still write: all that is checked of single bytes, whose neighbours other
  /// threads may write, and where order is not checked.
  func checkInFlight(_ address: Int, _ count: Int = 1, lane: Int?) throws {
    for index in (address >> 1)..<((address + count + 1) >> 1) {
      let write = granules[index].write
      if write.component == Epoch.copyInFlight { throw conflict(index, write, "", lane) }
    }
  }

  func conflict(_ granule: Int, _ other: Epoch, _ what: String, _ lane: Int?) -> Fault {
    let address = hexadecimal(granule * 2)
    switch other.component {
    case Epoch.copyInFlight:
      return Fault(
        .inFlight(since: other.instruction), lane: lane,
        "shared memory at \(address) is being written by a copy that has not been waited for")
    case Epoch.storeInFlight:
      return Fault(
        .inFlight(since: other.instruction), lane: lane,
        "shared memory at \(address) is being read by a copy that has not been waited for")
    default:
      return Fault(
        .race(other: other.instruction), lane: lane,
        "\(what) in shared memory at \(address) (\(who(other.component))), and nothing orders them")
    }
  }

  private func who(_ component: Int) -> String {
    guard let layout else { return "another thread" }
    if component < layout.threads { return "thread \(component)" }
    if component < layout.warpgroup(0) { return "a bulk copy" }
    return "the products of warpgroup \(component - layout.warpgroup(0))"
  }
}

// The happens-before check of accesses by the async proxy: bulk copies and products of warpgroups.
extension SharedMemory {
  /// Whether a write is ordered, through a proxy fence where a thread made it, before what an asynchronous operation
  /// reads.
  @inline(__always)
  private func isVisible(_ write: Epoch, _ by: Accessor, _ threads: Int) -> Bool {
    let component = write.component
    if component >= Epoch.componentLimit { return false }
    if component >= threads { return by.clock.times[component] >= write.clock }
    return by.clock.fenced[component] >= write.clock
      && (component == by.component || by.clock.times[component] >= write.clock)
  }

  /// Reports what an asynchronous read of bytes races with.
  @inline(__always)
  func checkAsyncRead(_ address: Int, _ count: Int, _ by: Accessor) throws {
    let threads = layout?.threads ?? 0
    for index in (address >> 1)..<((address + count + 1) >> 1) {
      let write = granules[index].write
      if !write.isNone && !isVisible(write, by, threads) { throw asyncConflict(index, write, by, threads) }
    }
  }

  /// Reports what an asynchronous write of bytes races with. Reads by threads need no proxy fence.
  func checkAsyncWrite(_ address: Int, _ count: Int, _ by: Accessor) throws {
    for index in (address >> 1)..<((address + count + 1) >> 1) { try checkReads(granules + index, index, by) { false } }
    try checkAsyncRead(address, count, by)
  }

  private func asyncConflict(_ index: Int, _ write: Epoch, _ by: Accessor, _ threads: Int) -> Fault {
    if write.component < threads && by.follows(write) {
      return Fault(
        .race(other: write.instruction), lane: by.lane,
        "no fence.proxy.async lies between what thread \(write.component) wrote in shared memory at \(hexadecimal(index * 2)) and this asynchronous access"
      )
    }
    return conflict(index, write, "this asynchronous access needs what that wrote", by.lane)
  }

  /// Marks bytes as read by a copy in flight.
  func setReads(_ bytes: Range<Int>, to mark: Epoch) {
    for index in (bytes.lowerBound >> 1)..<((bytes.upperBound + 1) >> 1) { granules[index].read2 = mark }
  }
}

extension SharedMemory {
  /// Notes that a product reads 16 bytes, or reports what it races with.
  @inline(__always)
  func noteProductRead(_ address: Int, _ by: Accessor) throws {
    try checkAsyncRead(address, 16, by)
    let mine = by.epoch()
    for index in (address >> 1)..<((address >> 1) + 8) { Self.remember(mine, in: granules + index, by) }
  }
}
