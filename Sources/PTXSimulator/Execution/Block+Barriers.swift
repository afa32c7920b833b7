/// One of the sixteen barriers of a block (PTX ISA, "bar" and "barrier").
final class BlockBarrier {
  /// The number of threads that the present round needs; nil for all of the block.
  var threads: Int?
  var arrived = 0
  /// The lanes that have come, by warp.
  var lanes: [Int: UInt32] = [:]
  var waiting: [(warp: Warp, lanes: UInt32, operation: BarrierOperation)] = []
  var message: VectorClock?
  var votes = 0
  var voters = 0

  func reset() {
    threads = nil
    arrived = 0
    lanes.removeAll(keepingCapacity: true)
    waiting.removeAll(keepingCapacity: true)
    votes = 0
    voters = 0
    message?.clear()
  }
}

extension Block {
  func barrier(
    _ o: BarrierOperation, _ number: Int, threads: Int?, _ warp: Warp, _ lanes: UInt32
  ) throws -> StepResult {
    guard barriers.indices.contains(number) else { throw Fault(.barrierMisuse, "there is no barrier \(number)") }
    if let threads, threads <= 0 || threads % 32 != 0 {
      throw Fault(.barrierMisuse, "\(threads) threads are not a number of whole warps")
    }
    let barrier = barriers[number]
    if barrier.arrived > 0 && barrier.threads != threads {
      throw Fault(
        .barrierMisuse,
        "barrier \(number) is for \(threads.map(String.init) ?? "all") threads here, and \(barrier.threads.map(String.init) ?? "all") elsewhere"
      )
    }
    barrier.threads = threads
    barrier.arrived += o.isAligned ? 32 : lanes.nonzeroBitCount
    barrier.lanes[warp.index, default: 0] |= lanes
    if grid.options.checksOrder {
      let message = barrier.message ?? VectorClock(componentCount: layout.count)
      barrier.message = message
      warp.clocks.release(lanes, into: message)
    }
    grid.progress += 1
    switch o.kind {
    case .arrive: break
    case .synchronize: barrier.waiting.append((warp, lanes, o))
    case .reduceAnd, .reduceOr, .reduceCount:
      if warp.registers.poison(o.source) & lanes != 0 { throw Fault(.undefinedValue, "the predicate has no value") }
      barrier.votes += (warp.registers.mask(o.source) & lanes).nonzeroBitCount
      barrier.voters += lanes.nonzeroBitCount
      barrier.waiting.append((warp, lanes, o))
    }
    if let threads, barrier.arrived > threads {
      throw Fault(.barrierMisuse, "\(barrier.arrived) threads come to barrier \(number), which is for \(threads)")
    }
    if isComplete(barrier) {
      complete(barrier)
      // Completing has moved waiting warps on, which the loop over instructions does for this one.
      if o.kind != .arrive { warp.counter -= 1 }
      return .next
    }
    if o.kind == .arrive { return .next }
    warp.state = .atBarrier(number)
    return .blocked
  }

  private func isComplete(_ barrier: BlockBarrier) -> Bool {
    if let threads = barrier.threads { return barrier.arrived >= threads }
    return warps.allSatisfy { $0.living & ~(barrier.lanes[$0.index] ?? 0) == 0 }
  }

  private func complete(_ barrier: BlockBarrier) {
    for (warp, lanes, operation) in barrier.waiting {
      if let message = barrier.message { warp.clocks.acquire(lanes, from: message, living: warp.living) }
      let registers = warp.registers
      switch operation.kind {
      case .arrive, .synchronize: break
      case .reduceCount:
        forEachLane(lanes) { registers.row(operation.destination)[$0] = UInt32(barrier.votes) }
        registers.setPoison(operation.destination, lanes, 0)
      case .reduceAnd:
        registers.setPredicate(operation.destination, lanes, barrier.votes == barrier.voters ? .max : 0, poison: 0)
      case .reduceOr: registers.setPredicate(operation.destination, lanes, barrier.votes > 0 ? .max : 0, poison: 0)
      }
      warp.counter += 1
      warp.state = .ready
    }
    barrier.reset()
  }

  /// Threads that have ended are not waited for at barriers of all threads.
  func lanesEnded() {
    for barrier in barriers where barrier.arrived > 0 && barrier.threads == nil && !barrier.waiting.isEmpty {
      if isComplete(barrier) { complete(barrier) }
    }
  }
}
