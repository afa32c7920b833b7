// What the lanes of a warp do together (PTX ISA, sections 9.7.9 and 9.7.13). None of it orders their accesses to
// memory; only `bar.warp.sync` does.
extension Warp {
  func shuffle(_ o: ShuffleOperation, _ lanes: UInt32) throws {
    _ = try requireMembers(o.members, lanes)
    try requireDefined(o.lane, lanes, "the lane")
    let (a, b, c) = (registers.row(o.source), registers.row(o.lane), registers.row(o.clamp))
    let poison = registers.poison(o.source)
    // The result may be the operand.
    var old = InlineLanes()
    for lane in 0..<32 { old[lane] = a[lane] }
    var (inRange, undefined): (UInt32, UInt32) = (0, 0)
    let d = registers.row(o.destination == absent ? o.source : o.destination)
    forEachLane(lanes) { lane in
      let clamp = Int(c[lane] & 31)
      let segment = Int(c[lane] >> 8 & 31)
      let distance = Int(b[lane] & 31)
      let last = (lane & segment) | (clamp & ~segment)
      let first = lane & segment
      var source: Int
      let isInRange: Bool
      switch o.kind {
      case .up:
        source = lane - distance
        isInRange = source >= last
      case .down:
        source = lane + distance
        isInRange = source <= last
      case .bfly:
        source = lane ^ distance
        isInRange = source <= last
      case .idx:
        source = first | (distance & ~segment)
        isInRange = source <= last
      }
      if !isInRange { source = lane }
      if isInRange { inRange |= 1 << UInt32(lane) }
      if o.destination != absent { d[lane] = old[source] }
      // A lane that takes no part has no value to give.
      let isUndefined = (poison | ~lanes) >> UInt32(source) & 1
      undefined |= isUndefined << UInt32(lane)
    }
    if o.destination != absent { registers.setPoison(o.destination, lanes, undefined) }
    if o.isInRange != absent { registers.setPredicate(o.isInRange, lanes, inRange, poison: 0) }
  }

  func vote(_ o: VoteOperation, _ lanes: UInt32) throws {
    _ = try requireMembers(o.members, lanes)
    if registers.poison(o.source) & lanes != 0 {
      throw Fault(
        .undefinedValue, lane: (registers.poison(o.source) & lanes).trailingZeroBitCount, "the predicate has no value")
    }
    let votes = registers.mask(o.source) & lanes
    guard o.destination != absent else { return }
    switch o.kind {
    case .ballot:
      forEachLane(lanes) { registers.row(o.destination)[$0] = votes }
      registers.setPoison(o.destination, lanes, 0)
    case .all: registers.setPredicate(o.destination, lanes, votes == lanes ? .max : 0, poison: 0)
    case .any: registers.setPredicate(o.destination, lanes, votes != 0 ? .max : 0, poison: 0)
    case .uni: registers.setPredicate(o.destination, lanes, votes == lanes || votes == 0 ? .max : 0, poison: 0)
    }
  }

  func reduce(_ o: LaneReductionOperation, _ lanes: UInt32) throws {
    _ = try requireMembers(o.members, lanes)
    try requireDefined(o.source, lanes, "the operand")
    let a = registers.row(o.source)
    let is64 = o.type.byteCount == 8
    func value(_ lane: Int) -> UInt64 { is64 ? UInt64.read(a, lane) : UInt64(a[lane]) }
    let first = value(lanes.trailingZeroBitCount)
    var results = InlineLanes()
    switch o.kind {
    case .matchAny:
      forEachLane(lanes) { lane in
        forEachLane(lanes) { if value($0) == value(lane) { results[lane] |= 1 << UInt32($0) } }
      }
    case .matchAll:
      var areEqual = true
      forEachLane(lanes) { if value($0) != first { areEqual = false } }
      forEachLane(lanes) { results[$0] = areEqual ? lanes : 0 }
      if o.areAllEqual != absent { registers.setPredicate(o.areAllEqual, lanes, areEqual ? .max : 0, poison: 0) }
    default:
      var result = first
      forEachLane(lanes & (lanes - 1)) { result = Self.combine(o, result, value($0)) }
      forEachLane(lanes) { results[$0] = UInt32(truncatingIfNeeded: result) }
    }
    guard o.destination != absent else { return }
    forEachLane(lanes) { registers.row(o.destination)[$0] = results[$0] }
    registers.setPoison(o.destination, lanes, 0)
  }

  private static func combine(_ o: LaneReductionOperation, _ a: UInt64, _ b: UInt64) -> UInt64 {
    switch o.kind {
    case .and: a & b
    case .or: a | b
    case .xor: a ^ b
    case .min: Reduction.combine(.min, o.type, a, b)
    case .max: Reduction.combine(.max, o.type, a, b)
    default: Reduction.combine(.add, o.type, a, b)
    }
  }

  /// The hardware may choose any lane; here it is the first.
  func elect(_ o: ElectOperation, _ lanes: UInt32) throws {
    _ = try requireMembers(o.members, lanes)
    let leader = UInt32(lanes.trailingZeroBitCount)
    if o.destination != absent {
      forEachLane(lanes) { registers.row(o.destination)[$0] = leader }
      registers.setPoison(o.destination, lanes, 0)
    }
    if o.isElected != absent { registers.setPredicate(o.isElected, lanes, 1 << leader, poison: 0) }
  }

  /// Barriers of the block.
  func barrier(_ o: BarrierOperation, _ lanes: UInt32) throws -> StepResult {
    if o.isAligned { try requireConverged(lanes) }
    try requireDefined(o.barrier, lanes, "the barrier's number")
    if o.threads != absent { try requireDefined(o.threads, lanes, "the number of threads") }
    let first = lanes.trailingZeroBitCount
    let number = Int(registers.row(o.barrier)[first])
    let threads = o.threads == absent ? nil : Int(registers.row(o.threads)[first])
    return try block.barrier(o, number, threads: threads, self, lanes)
  }
}

/// 32 numbers that need no allocation.
struct InlineLanes {
  private var storage: InlineArray<32, UInt32> = InlineArray(repeating: 0)

  subscript(lane: Int) -> UInt32 {
    @inline(__always) get { storage[lane] }
    @inline(__always) set { storage[lane] = newValue }
  }
}
