/// A barrier in shared memory (PTX ISA, "mbarrier").
struct MemoryBarrierState {
  let address: Int
  /// The arrivals that a phase begins with.
  var expected: Int
  /// Arrivals that the present phase still waits for.
  var pending: Int
  /// Bytes that were announced and have not come; negative where they came first.
  var bytes = 0
  /// The number of phases that have ended.
  var phase: UInt32 = 0
  /// The phases of earlier barriers at this place.
  let earlierPhases: UInt32
  var isValid = true
  /// What arrivals of the present and earlier phases told.
  let arrivals: VectorClock
  /// What waiting for the last phase that ended tells.
  let completed: VectorClock
  /// Who made it, and by when a fence had made it visible to bulk copies.
  let initialisation: Epoch
  var fence: Epoch?

  func deallocate() {
    arrivals.deallocate()
    completed.deallocate()
  }

  var description: String {
    "barrier at \(hexadecimal(address)), phase \(phase) (parity \(phase & 1)): \(pending) of \(expected) arrivals pending, \(bytes) bytes missing"
  }
}

extension Block {
  /// The barrier at an address.
  func memoryBarrier(at address: Int, lane: Int?) throws -> Int {
    let index = Int(shared.barriers[address >> 3])
    guard index >= 0 else {
      throw Fault(.barrierMisuse, lane: lane, "there is no initialised barrier at \(hexadecimal(address))")
    }
    return index
  }

  /// Refuses accesses to barriers as if they were data.
  @inline(__always)
  func refuseBarrier(_ place: Int, _ bytes: Int, _ lane: Int) throws {
    if memoryBarriers.isEmpty { return }
    for index in (place >> 3)...((place + bytes - 1) >> 3) where shared.barriers[index] >= 0 {
      throw Fault(
        .barrierMisuse, lane: lane, "\(hexadecimal(place)) belongs to the barrier at \(hexadecimal(index * 8))")
    }
  }

  func initializeBarrier(at address: Int, count: Int, _ warp: Warp, _ lane: Int) throws {
    guard shared.barriers[address >> 3] < 0 else {
      throw Fault(.barrierMisuse, lane: lane, "the barrier at \(hexadecimal(address)) is in use")
    }
    guard (1..<(1 << 20)).contains(count) else {
      throw Fault(.barrierMisuse, lane: lane, "a barrier cannot wait for \(count) arrivals")
    }
    try warp.noteSharedWrite(address, 8, lane) { false }
    // A place keeps its component of clocks, and its times go on.
    let earlier = memoryBarriers.firstIndex { $0.address == address }
    let index = earlier ?? memoryBarriers.count
    guard index < ClockLayout.barrierLimit else {
      throw Fault(.barrierMisuse, lane: lane, "more than \(ClockLayout.barrierLimit) places are used as barriers")
    }
    let made = MemoryBarrierState(
      address: address, expected: count, pending: count,
      earlierPhases: earlier.map { memoryBarriers[$0].earlierPhases + memoryBarriers[$0].phase + 1 } ?? 0,
      arrivals: VectorClock(componentCount: layout.count), completed: VectorClock(componentCount: layout.count),
      initialisation: warp.accessor(lane).epoch())
    if let earlier {
      memoryBarriers[earlier].deallocate()
      memoryBarriers[earlier] = made
    } else {
      memoryBarriers.append(made)
    }
    shared.barriers[address >> 3] = Int16(index)
    grid.progress += 1
  }

  func invalidateBarrier(at address: Int, _ warp: Warp, _ lane: Int) throws {
    let index = try memoryBarrier(at: address, lane: lane)
    try checkInitialised(index, warp, lane)
    if memoryBarriers[index].bytes != 0 {
      throw Fault(
        .barrierMisuse, lane: lane, "copies in flight are to arrive at the \(memoryBarriers[index].description)")
    }
    memoryBarriers[index].isValid = false
    shared.barriers[address >> 3] = -1
    shared.defined.advanced(by: address).update(repeating: 0, count: 8)
    for granule in (address >> 1)..<((address >> 1) + 4) {
      shared.granules[granule] = SharedGranule(write: warp.accessor(lane).epoch())
    }
  }

  /// Refuses the use of a barrier whose initialisation is not ordered before it.
  func checkInitialised(_ index: Int, _ warp: Warp, _ lane: Int) throws {
    guard grid.options.checksOrder else { return }
    let made = memoryBarriers[index].initialisation
    if !warp.accessor(lane).follows(made) {
      throw Fault(
        .race(other: made.instruction), lane: lane,
        "the barrier at \(hexadecimal(memoryBarriers[index].address)) is used, and nothing orders its initialisation before"
      )
    }
  }

  /// Refuses a copy whose barrier was made by another thread and not fenced.
  func checkVisibleToCopies(_ index: Int, _ warp: Warp, _ lane: Int) throws {
    try checkInitialised(index, warp, lane)
    guard grid.options.checksOrder, grid.options.requiresBarrierFence else { return }
    let barrier = memoryBarriers[index]
    let accessor = warp.accessor(lane)
    let made = barrier.initialisation
    if let fence = barrier.fence, accessor.follows(fence) { return }
    if accessor.clock.fenced[made.component] >= made.clock { return }
    throw Fault(
      .race(other: made.instruction), lane: lane,
      "a copy arrives at the barrier at \(hexadecimal(barrier.address)), and no fence.mbarrier_init or fence.proxy.async makes its initialisation visible to copies"
    )
  }

  /// Makes barriers that lanes have initialised visible to copies.
  func fenceInitialisation(_ warp: Warp, _ lanes: UInt32) {
    for index in memoryBarriers.indices where memoryBarriers[index].isValid && memoryBarriers[index].fence == nil {
      let maker = memoryBarriers[index].initialisation.component
      forEachLane(lanes) { lane in
        if maker == warp.index * 32 + lane { memoryBarriers[index].fence = warp.accessor(lane).epoch() }
      }
    }
  }

  // MARK: Phases

  /// Counts arrivals.
  func arrive(_ index: Int, count: Int, lane: Int?) throws {
    guard count <= memoryBarriers[index].pending else {
      throw Fault(
        .barrierMisuse, lane: lane, "\(count) arrivals are too many for the \(memoryBarriers[index].description)")
    }
    memoryBarriers[index].pending -= count
    endPhaseIfComplete(index)
  }

  /// Arrives for this and all later phases.
  func drop(_ index: Int, count: Int, lane: Int?) throws {
    memoryBarriers[index].expected -= count
    try arrive(index, count: count, lane: lane)
  }

  /// Counts bytes: announced ones are positive, and those that have come negative.
  func count(_ index: Int, bytes: Int, lane: Int?) throws {
    memoryBarriers[index].bytes += bytes
    guard memoryBarriers[index].bytes.magnitude < 1 << 20 else {
      throw Fault(
        .barrierMisuse, lane: lane, "more bytes than a barrier can count: \(memoryBarriers[index].description)")
    }
    endPhaseIfComplete(index)
  }

  private func endPhaseIfComplete(_ index: Int) {
    grid.progress += 1
    guard memoryBarriers[index].pending == 0 && memoryBarriers[index].bytes == 0 else { return }
    memoryBarriers[index].phase += 1
    memoryBarriers[index].pending = memoryBarriers[index].expected
    let barrier = memoryBarriers[index]
    barrier.completed.join(barrier.arrivals)
    barrier.completed.times[layout.barrier(index)] = barrier.earlierPhases + barrier.phase
    for warp in warps {
      if case .atMemoryBarrier = warp.state { warp.state = .ready }
    }
  }
}
