/// The clocks of a warp's lanes. Lanes share one until they learn different things, because they mostly move together.
final class LaneClocks {
  /// The time of the warp; it grows when lanes tell others what they did.
  private(set) var now: UInt32 = 1
  private let layout: ClockLayout
  private let firstThread: Int
  private let shared: VectorClock
  private var own: [VectorClock?] = Array(repeating: nil, count: 32)
  /// The lanes that have a clock of their own.
  private var ownLanes: UInt32 = 0
  /// A scratch clock.
  private let scratch: VectorClock

  init(layout: ClockLayout, warp: Int) {
    self.layout = layout
    firstThread = warp * 32
    shared = VectorClock(componentCount: layout.count)
    scratch = VectorClock(componentCount: layout.count)
  }

  deinit {
    shared.deallocate()
    scratch.deallocate()
    for clock in own { clock?.deallocate() }
  }

  /// What a lane knows.
  @inline(__always)
  func clock(of lane: Int) -> VectorClock {
    if ownLanes >> UInt32(lane) & 1 == 0 { return shared }
    return own[lane] ?? shared
  }

  private func makeOwn(_ lane: Int) -> VectorClock {
    let isNew = ownLanes >> UInt32(lane) & 1 == 0
    ownLanes |= 1 << UInt32(lane)
    if let clock = own[lane] {
      if isNew { clock.copy(from: shared) }
      return clock
    }
    let clock = VectorClock(componentCount: layout.count)
    clock.copy(from: shared)
    own[lane] = clock
    return clock
  }

  /// Reduces a clock to what a lane with a clock of its own knows as well.
  func meetOwn(_ lane: Int, _ result: VectorClock) {
    if ownLanes == 0 { return }
    result.meet(clock(of: lane))
  }

  /// Adds what lanes did themselves.
  func takeOwn(into result: VectorClock) {
    for lane in 0..<32 {
      result.times[firstThread + lane] = now
      result.fenced[firstThread + lane] = clock(of: lane).fenced[firstThread + lane]
    }
  }

  // MARK: Telling and learning

  /// Tells what the lanes did and knew, to whoever will learn `message`.
  func release(_ lanes: UInt32, into message: VectorClock) {
    if lanes & ~ownLanes != 0 { message.join(shared) }
    forEachLane(lanes) { lane in
      if ownLanes >> UInt32(lane) & 1 == 1 { message.join(clock(of: lane)) }
      message.times[firstThread + lane] = now
    }
    now += 1
  }

  /// Lets lanes know what a message tells.
  ///
  /// - Parameter living: The lanes that have not ended.
  func acquire(_ lanes: UInt32, from message: VectorClock, living: UInt32) {
    if lanes & living == living {
      shared.join(message)
      forEachLane(ownLanes & living) { clock(of: $0).join(message) }
    } else {
      forEachLane(lanes) { makeOwn($0).join(message) }
    }
  }

  /// Lets lanes know one component's time.
  func learn(_ lanes: UInt32, component: Int, time: UInt32, living: UInt32) {
    func raise(_ clock: VectorClock) { clock.times[component] = max(clock.times[component], time) }
    if lanes & living == living {
      raise(shared)
      forEachLane(ownLanes & living) { raise(clock(of: $0)) }
    } else {
      forEachLane(lanes) { raise(makeOwn($0)) }
    }
  }

  /// Orders what the lanes did before what each of them will do.
  func synchronize(_ lanes: UInt32, living: UInt32) {
    if lanes & living == living {
      forEachLane(ownLanes & lanes) { shared.join(clock(of: $0)) }
      ownLanes &= ~lanes
      forEachLane(lanes) { shared.times[firstThread + $0] = now }
    } else {
      scratch.clear()
      forEachLane(lanes) { lane in
        scratch.join(clock(of: lane))
        scratch.times[firstThread + lane] = now
      }
      forEachLane(lanes) { makeOwn($0).copy(from: scratch) }
    }
    now += 1
  }

  /// Orders what the lanes did or know of before asynchronous operations that come after it.
  func fenceProxy(_ lanes: UInt32, living: UInt32) {
    if lanes & living == living {
      fence(shared, lanes)
      forEachLane(ownLanes & lanes) { fence(clock(of: $0), 1 << UInt32($0)) }
    } else {
      forEachLane(lanes) { fence(makeOwn($0), 1 << UInt32($0)) }
    }
    now += 1
  }

  private func fence(_ clock: VectorClock, _ lanes: UInt32) {
    clock.fenced.update(from: clock.times, count: clock.componentCount)
    forEachLane(lanes) { clock.fenced[firstThread + $0] = now }
  }
}

/// Calls a body for each bit that is set.
@inline(__always)
func forEachLane(_ lanes: UInt32, _ body: (Int) throws -> Void) rethrows {
  var rest = lanes
  while rest != 0 {
    try body(rest.trailingZeroBitCount)
    rest &= rest - 1
  }
}
