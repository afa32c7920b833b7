// Asynchronous copies, and the barriers at which they arrive.
extension Decoder {
  /// `cp.async`, `cp.async.bulk` and `cp.reduce.async.bulk`.
  mutating func copy() throws -> Decoded {
    let isReduction = modifiers.take("reduce")
    guard modifiers.take("async") else { throw unsupported("this opcode") }
    guard modifiers.take("bulk") else { return (try threadCopy(), .asynchronousCopy) }
    if modifiers.take("commit_group") { return (.commitBulk, .bulkCopy) }
    if modifiers.take("wait_group") {
      modifiers.drop(["read"])
      return (.waitBulk(pending: Int32(try number(0))), .bulkCopy)
    }
    if modifiers.contains("prefetch") {
      modifiers = ModifierList([])
      return (.none, .other)
    }
    return (.bulkCopy(try bulkCopy(isReduction: isReduction)), .bulkCopy)
  }

  private mutating func threadCopy() throws -> Operation {
    if modifiers.take("commit_group") { return .commitCopies }
    if modifiers.take("wait_group") { return .waitCopies(pending: Int32(try number(0))) }
    if modifiers.take("wait_all") { return .waitCopies(pending: -1) }
    if modifiers.take("mbarrier") {
      guard modifiers.take("arrive") else { throw unsupported("this opcode") }
      let isCounted = modifiers.take("noinc")
      modifiers.drop(["shared", "shared::cta", "b64"])
      return .arriveAfterCopies(address: try address(try operand(0)), addsPending: !isCounted)
    }
    let isAroundL1 = modifiers.take("cg")
    modifiers.drop(["ca", "shared", "shared::cta", "global"], prefixes: ["L2::"])
    try expectOperands(3...5)
    let byteCount = try number(2)
    guard isAroundL1 ? byteCount == 16 : [4, 8, 16].contains(byteCount) else { throw unsupported("\(byteCount) bytes") }
    var sourceBytes = absent
    var ignores = constantPredicate(false)
    if operandCount > 3 {
      let size = try operand(3)
      if case .register(let register) = size, kernel.registers[register.number].type == .pred {
        ignores = try predicate(size)
      } else if !is64(size) {
        sourceBytes = try source(size, .u32)
      }
    }
    return .copyAsync(
      CopyOperation(
        destination: try address(try operand(0)), source: try address(try operand(1)), byteCount: Int32(byteCount),
        sourceBytes: sourceBytes, ignoresSource: ignores))
  }

  private mutating func bulkCopy(isReduction: Bool) throws -> BulkCopyOperation {
    // The destination's space comes before the source's.
    let spaces = instruction.modifiers.filter { $0 == "global" || $0.hasPrefix("shared") }
    guard spaces.count == 2, (spaces[0] == "global") != (spaces[1] == "global") else {
      throw unsupported("these spaces")
    }
    let isToShared = spaces[1] == "global"
    modifiers.drop(["global", "shared::cta", "shared::cluster", "tile", "bulk_group", "mbarrier::complete_tx::bytes"])
    modifiers.drop(["L2::cache_hint", "multicast::cluster", "noftz"])
    let isTensor = modifiers.take("tensor")
    let ranks = ["1d": 1, "2d": 2, "3d": 3, "4d": 4, "5d": 5]
    let rank = modifiers.takeFirst { ranks[$0] }
    guard isTensor == (rank != nil) else { throw unsupported("this rank") }
    var reduction = BulkCopyOperation.Reduction.add
    var type = PTXType.b8
    if isReduction {
      guard let kind = modifiers.takeFirst({ BulkCopyOperation.Reduction(rawValue: $0) }) else {
        throw unsupported("this reduction")
      }
      reduction = kind
      if !isTensor { type = try self.type() }
    }
    let sharedIndex = isToShared ? 0 : 1
    let away = try operand(1 - sharedIndex)
    let none = AddressOperand(row: absent, is64: false, offset: 0)
    var global = none
    var coordinates = range([])
    var byteCount = absent
    if isTensor {
      guard case .tensor(let map, let list) = away, list.count == rank else { throw unsupported("these coordinates") }
      global = try address(map)
      coordinates = try sources(.vector(list), .s32)
    } else {
      global = try address(away)
      byteCount = try source(try operand(2), .u32)
    }
    let barrierIndex = isTensor ? 2 : 3
    return BulkCopyOperation(
      kind: isToShared ? .toShared : isReduction ? .reduceToGlobal : .toGlobal,
      shared: try address(try operand(sharedIndex)), global: global, coordinates: coordinates, byteCount: byteCount,
      barrier: isToShared ? try address(try operand(barrierIndex)) : none, reduction: reduction, type: type)
  }

  mutating func memoryBarrier() throws -> Operation {
    let order = modifiers.take("relaxed") ? AccessOrder.relaxed : .acquireRelease
    modifiers.drop(["release", "acquire", "cta", "cluster", "shared", "shared::cta", "shared::cluster", "b64"])
    let hasParity = modifiers.take("parity")
    guard let name = modifiers.takeFirst({ Self.barrierOperations.contains($0) ? $0 : nil }) else {
      throw unsupported("this operation")
    }
    let expects = modifiers.take("expect_tx")
    let one = constant(1, is64: false)
    func make(
      _ kind: MemoryBarrierOperation.Kind, _ address: AddressOperand, _ operand: Row, _ destination: Int32 = absent
    ) -> Operation {
      .memoryBarrier(
        MemoryBarrierOperation(kind: kind, address: address, operand: operand, destination: destination, order: order))
    }
    switch name {
    case "init": return make(.initialize, try address(try operand(0)), try source(try operand(1), .u32))
    case "inval": return make(.invalidate, try address(try operand(0)), absent)
    case "expect_tx": return make(.expect, try address(try operand(0)), try source(try operand(1), .u32))
    case "arrive", "arrive_drop":
      // The state that it returns may be left out.
      var first = 0
      var state = absent
      if case .address = try operand(0) {
      } else {
        state = try destination(try operand(0), .b64)
        first = 1
      }
      try expectOperands((first + 1)...(first + 2))
      guard name == "arrive" || !expects else { throw unsupported("this operation") }
      let count = operandCount > first + 1 ? try source(try operand(first + 1), .u32) : one
      let kind: MemoryBarrierOperation.Kind = name == "arrive_drop" ? .arriveDrop : expects ? .arriveExpect : .arrive
      return make(kind, try address(try operand(first)), count, state)
    case "test_wait", "try_wait":
      try expectOperands(3...4)
      let isTry = name == "try_wait"
      let kind: MemoryBarrierOperation.Kind =
        hasParity ? (isTry ? .tryWaitParity : .testWaitParity) : (isTry ? .tryWait : .testWait)
      return make(
        kind, try address(try operand(1)), try source(try operand(2), hasParity ? .u32 : .b64),
        try predicateDestination(try operand(0)))
    default: throw unsupported("this operation")
    }
  }

  private static let barrierOperations: Set<String> = [
    "init", "inval", "arrive", "arrive_drop", "expect_tx", "test_wait", "try_wait",
  ]
}
