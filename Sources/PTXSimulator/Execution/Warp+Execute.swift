// From operations to what runs them.
extension Warp {
  func execute(_ operation: Operation, _ lanes: UInt32) throws -> StepResult {
    switch operation {
    case .move(let operation): move(operation, lanes)
    case .readClock(let operation): readClock(operation, lanes)
    case .pack(let operation): pack(operation, lanes)
    case .unpack(let operation): unpack(operation, lanes)
    case .integer(let operation): integer(operation, lanes)
    case .floating(let operation): floating(operation, lanes)
    case .convert(let operation): convert(operation, lanes)
    case .compare(let operation): compare(operation, lanes)
    case .select(let operation): select(operation, lanes)
    case .predicateLogic(let operation): combine(operation, lanes)
    case .load(let operation): return try load(operation, lanes)
    case .store(let operation): try store(operation, lanes)
    case .atomic(let operation): return try atomic(operation, lanes)
    case .fence(let operation): fence(operation, lanes)
    case .shuffle(let operation): try shuffle(operation, lanes)
    case .vote(let operation): try vote(operation, lanes)
    case .reduceLanes(let operation): try reduce(operation, lanes)
    case .elect(let operation): try elect(operation, lanes)
    case .synchronizeWarp(let members):
      _ = try requireMembers(members, lanes)
      clocks.synchronize(lanes, living: living)
    case .activeMask(let row):
      forEachLane(lanes) { registers.row(row)[$0] = lanes }
      registers.setPoison(row, lanes, 0)
    case .barrier(let operation): return try barrier(operation, lanes)
    case .branch: break
    case .exit: try exit(lanes)
    case .trap: throw Fault(.trap, "")
    case .yield: return .yield
    case .none: break
    case .loadMatrices(let operation): try loadMatrices(operation, lanes)
    case .storeMatrices(let operation): try storeMatrices(operation, lanes)
    case .transposeMatrix(let destination, let source): try transposeMatrix(destination, source, lanes)
    case .multiplyMatrices(let operation): try multiplyMatrices(operation, lanes)
    case .copyAsync(let operation): try copyAsync(operation, lanes)
    case .commitCopies: commitCopies(lanes)
    case .waitCopies(let pending): waitCopies(Int(pending), lanes)
    case .arriveAfterCopies(let address, let addsPending): try arriveAfterCopies(address, addsPending, lanes)
    case .memoryBarrier(let operation): return try memoryBarrier(operation, lanes)
    case .bulkCopy(let operation): try bulkCopy(operation, lanes)
    case .commitBulk: commitBulk(lanes)
    case .waitBulk(let pending): waitBulk(Int(pending), lanes)
    case .fenceWarpgroup: try fenceWarpgroup(lanes)
    case .commitWarpgroup: try commitWarpgroup(lanes)
    case .waitWarpgroup(let pending): return try waitWarpgroup(Int(pending), lanes)
    case .multiplyWarpgroup(let operation): try multiplyWarpgroup(operation, lanes)
    case .setMaximumRegisters(let count): try setMaximumRegisters(count, lanes)
    }
    return .next
  }
}
