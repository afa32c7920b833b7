/// How an instruction ended.
enum StepResult {
  case next
  /// The instruction has to run again once something has happened.
  case blocked
  /// Others should have a turn.
  case yield
}

// The loop over instructions.
extension Warp {
  /// Runs instructions until the warp ends, cannot go on, gives way, or has run so many.
  func run(limit: Int) throws {
    var rest = limit
    while rest > 0 {
      if active == 0 || Int32(counter) == end {
        guard resumeNextWay() else { return }
        continue
      }
      let position = counter
      do {
        switch try step() {
        case .next: break
        case .blocked: return
        case .yield:
          hasYielded = true
          return
        }
      } catch let fault as Fault {
        if case .divergence = fault.kind, deferToOtherWay() { continue }
        throw block.grid.error(fault, at: position, warp: self)
      }
      rest -= 1
      executed += 1
    }
    if executed > block.grid.options.instructionBudget {
      throw SimulationError.budgetExhausted(block.grid.stallReport())
    }
  }

  /// Goes on with the way that comes next, or ends the warp.
  private func resumeNextWay() -> Bool {
    while let way = ways.popLast() {
      let lanes = way.active & ~exited
      if lanes == 0 { continue }
      (counter, active, end, isDeferred) = (way.counter, lanes, way.end, way.isDeferred)
      return true
    }
    state = .done
    block.warpEnded(self)
    return false
  }

  /// Runs one instruction.
  private func step() throws -> StepResult {
    let instruction = kernel.instructions + counter
    var lanes = active
    let condition = instruction.pointee.condition
    if condition != absent {
      let mask = registers.predicates[Int(condition)]
      let undefined = registers.predicatePoison[Int(condition)] & lanes
      if undefined != 0 {
        throw Fault(.undefinedValue, lane: undefined.trailingZeroBitCount, "the guard has no value")
      }
      lanes &= instruction.pointee.isConditionNegated ? ~mask : mask
    }
    if case .branch(let target) = instruction.pointee.operation {
      block.grid.counts.add(.controlFlow, lanes: active)
      branch(to: Int(target), lanes)
      return .next
    }
    if lanes == 0 {
      counter += 1
      return .next
    }
    if kernel.usesWarpgroups { try checkRegistersInFlight(instruction) }
    let result = try execute(instruction.pointee.operation, lanes)
    if case .blocked = result { return result }
    block.grid.counts.add(instruction.pointee.opcodeClass, lanes: lanes)
    counter += 1
    return result
  }

  // MARK: Ways

  private func branch(to target: Int, _ taken: UInt32) {
    let other = active & ~taken
    if other == 0 {
      counter = target
      return
    }
    if taken == 0 {
      counter += 1
      return
    }
    let meeting = kernel.reconvergence[counter]
    if meeting != end && meeting != absent {
      ways.append(Way(counter: Int(meeting), active: active, end: end, isDeferred: false))
    }
    var first = Way(counter: target, active: taken, end: meeting, isDeferred: false)
    var second = Way(counter: counter + 1, active: other, end: meeting, isDeferred: false)
    if !block.grid.scheduler.takesBranchFirst() { swap(&first, &second) }
    if Int32(second.counter) != meeting { ways.append(second) }
    (counter, active, end, isDeferred) = (first.counter, first.active, first.end, false)
  }

  /// Lets a way that never meets this one run first: its lanes may end, and then need not take part.
  func deferToOtherWay() -> Bool {
    guard !isDeferred, end == absent, let other = ways.last, other.end == absent, other.active & ~exited != 0 else {
      return false
    }
    ways.removeLast()
    ways.append(Way(counter: counter, active: active, end: end, isDeferred: true))
    (counter, active, end, isDeferred) = (other.counter, other.active & ~exited, other.end, other.isDeferred)
    return true
  }

  /// Ends lanes.
  func exit(_ lanes: UInt32) throws {
    try copies.checkEnd(lanes)
    if products.isPending && lanes == living {
      throw Fault(.unfinishedWork, "a thread ends before it has waited for products of its warpgroup")
    }
    exited |= lanes
    active &= ~lanes
    block.lanesEnded()
  }

  /// Refuses an instruction that all lanes of the warp, as far as they have not ended, have to run together.
  func requireConverged(_ lanes: UInt32) throws {
    if lanes != living {
      throw Fault(
        .divergence,
        "lanes 0x\(String(lanes, radix: 16)) run this, but 0x\(String(living, radix: 16)) have to run it together")
    }
  }

  /// Refuses an instruction that is not run by the lanes that its mask names.
  func requireMembers(_ row: Row, _ lanes: UInt32) throws -> UInt32 {
    let masks = registers.row(row)
    if registers.poison(row) & lanes != 0 { throw Fault(.undefinedValue, "the member mask has no value") }
    let members = masks[lanes.trailingZeroBitCount]
    try forEachLane(lanes) { lane in
      if masks[lane] != members { throw Fault(.divergence, lane: lane, "lanes give different member masks") }
    }
    if lanes & ~members != 0 {
      throw Fault(
        .divergence, lane: (lanes & ~members).trailingZeroBitCount,
        "a lane runs this that the member mask 0x\(String(members, radix: 16)) does not name")
    }
    let missing = members & living & ~lanes
    if missing != 0 {
      throw Fault(
        .divergence, lane: missing.trailingZeroBitCount,
        "the member mask 0x\(String(members, radix: 16)) names lanes 0x\(String(missing, radix: 16)), which are elsewhere"
      )
    }
    return members
  }

  /// Who a lane is to the happens-before check.
  @inline(__always)
  func accessor(_ lane: Int) -> Accessor {
    Accessor(
      clock: clocks.clock(of: lane), component: index * 32 + lane, now: clocks.now, instruction: counter, lane: lane)
  }
}
