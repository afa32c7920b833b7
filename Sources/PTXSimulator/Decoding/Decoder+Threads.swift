// What the threads of a warp and of a block do together.
extension Decoder {
  private mutating func takeSynchronous() throws {
    guard modifiers.take("sync") else { throw unsupported("this instruction without .sync") }
  }

  mutating func shuffle() throws -> Operation {
    try expectOperands(5...5)
    try takeSynchronous()
    guard let kind = modifiers.takeFirst({ ShuffleOperation.Kind(rawValue: $0) }) else {
      throw unsupported("this mode")
    }
    let type = try type()
    var (target, inRange) = (try operand(0), OperandSyntax.sink)
    if case .pair(let a, let b) = target { (target, inRange) = (a, b) }
    return .shuffle(
      ShuffleOperation(
        kind: kind, destination: try destination(target, type), isInRange: try predicateDestination(inRange),
        source: try source(try operand(1), type), lane: try source(try operand(2), .u32),
        clamp: try source(try operand(3), .u32), members: try source(try operand(4), .u32)))
  }

  mutating func vote() throws -> Operation {
    try expectOperands(3...3)
    try takeSynchronous()
    guard let kind = modifiers.takeFirst({ VoteOperation.Kind(rawValue: $0) }) else { throw unsupported("this mode") }
    _ = try type()
    let target = try operand(0)
    return .vote(
      VoteOperation(
        kind: kind, destination: kind == .ballot ? try destination(target, .b32) : try predicateDestination(target),
        source: try predicate(try operand(1)), members: try source(try operand(2), .u32)))
  }

  mutating func laneReduction() throws -> Operation {
    try expectOperands(3...3)
    let isMatch = instruction.opcode == "match"
    try takeSynchronous()
    let matches: [String: LaneReductionOperation.Kind] = ["any": .matchAny, "all": .matchAll]
    guard let kind = modifiers.takeFirst({ isMatch ? matches[$0] : LaneReductionOperation.Kind(rawValue: $0) }) else {
      throw unsupported("this mode")
    }
    let type = try type()
    guard isMatch || type.byteCount == 4 && !type.isFloat else { throw unsupported("this type") }
    var (target, areAllEqual) = (try operand(0), OperandSyntax.sink)
    if case .pair(let a, let b) = target { (target, areAllEqual) = (a, b) }
    return .reduceLanes(
      LaneReductionOperation(
        kind: kind, type: type, destination: try destination(target, .b32),
        areAllEqual: try predicateDestination(areAllEqual), source: try source(try operand(1), type),
        members: try source(try operand(2), .u32)))
  }

  mutating func elect() throws -> Operation {
    try expectOperands(2...2)
    try takeSynchronous()
    guard case .pair(let target, let isElected) = try operand(0) else { throw unsupported("this result") }
    return .elect(
      ElectOperation(
        destination: try destination(target, .b32), isElected: try predicateDestination(isElected),
        members: try source(try operand(1), .u32)))
  }

  mutating func barrier() throws -> Decoded {
    let isBar = instruction.opcode == "bar"
    modifiers.drop(["cta"])
    if modifiers.take("warp") {
      try takeSynchronous()
      try expectOperands(1...1)
      return (.synchronizeWarp(members: try source(try operand(0), .u32)), .warp)
    }
    let isAligned = modifiers.take("aligned") || isBar
    if modifiers.take("cluster") { throw unsupported("barriers of clusters") }
    let none = constantPredicate(false)
    if modifiers.take("red") {
      let kinds: [String: BarrierOperation.Kind] = ["and": .reduceAnd, "or": .reduceOr, "popc": .reduceCount]
      guard let kind = modifiers.takeFirst({ kinds[$0] }) else { throw unsupported("this reduction") }
      _ = try type()
      try expectOperands(3...4)
      let target = try operand(0)
      let operation = BarrierOperation(
        kind: kind, isAligned: isAligned, barrier: try source(try operand(1), .u32),
        threads: operandCount == 4 ? try source(try operand(2), .u32) : absent,
        destination: kind == .reduceCount ? try destination(target, .u32) : try predicateDestination(target),
        source: try predicate(try operand(operandCount - 1)))
      return (.barrier(operation), .blockBarrier)
    }
    let isArrival = modifiers.take("arrive")
    if !isArrival { try takeSynchronous() }
    try expectOperands(isArrival ? 2...2 : 1...2)
    let operation = BarrierOperation(
      kind: isArrival ? .arrive : .synchronize, isAligned: isAligned, barrier: try source(try operand(0), .u32),
      threads: operandCount > 1 ? try source(try operand(1), .u32) : absent, destination: absent, source: none)
    return (.barrier(operation), .blockBarrier)
  }
}
