/// Where a register lies in a warp's register file: 32 lanes of 32 bits begin at this row. Registers of 64 bits take
/// two rows, and registers of 16 bits the low halves of one.
typealias Row = Int32

/// Where a predicate lies among a warp's masks.
typealias PredicateIndex = Int32

/// No row, or no predicate.
let absent: Int32 = -1

/// A list of rows or predicates in the kernel's pool.
struct PoolRange {
  let start: Int32
  let count: Int32
}

/// A predicate as an operand.
struct PredicateOperand {
  let index: PredicateIndex
  let isNegated: Bool
}

/// What an instruction does, with registers resolved. All payloads are plain values, so that running one costs no
/// reference counting.
enum Operation {
  // MARK: Registers
  case move(MoveOperation)
  case readClock(ClockOperation)
  case pack(PackOperation)
  case unpack(PackOperation)
  case integer(IntegerOperation)
  case floating(FloatOperation)
  case convert(ConvertOperation)
  case compare(CompareOperation)
  case select(SelectOperation)
  case predicateLogic(PredicateLogicOperation)
  // MARK: Memory
  case load(AccessOperation)
  case store(AccessOperation)
  case atomic(AtomicOperation)
  case fence(FenceOperation)
  // MARK: Warps
  case shuffle(ShuffleOperation)
  case vote(VoteOperation)
  case reduceLanes(LaneReductionOperation)
  case elect(ElectOperation)
  case synchronizeWarp(members: Row)
  case activeMask(Row)
  // MARK: Blocks
  case barrier(BarrierOperation)
  // MARK: Control flow
  case branch(target: Int32)
  case exit
  case trap
  case yield
  case none
  // MARK: Matrices of warps
  case loadMatrices(MatrixAccessOperation)
  case storeMatrices(MatrixAccessOperation)
  case transposeMatrix(destination: Row, source: Row)
  case multiplyMatrices(MatrixProductOperation)
  // MARK: Asynchronous copies
  case copyAsync(CopyOperation)
  case commitCopies
  case waitCopies(pending: Int32)
  case arriveAfterCopies(address: AddressOperand, addsPending: Bool)
  // MARK: Barriers in memory
  case memoryBarrier(MemoryBarrierOperation)
  // MARK: Bulk copies
  case bulkCopy(BulkCopyOperation)
  case commitBulk
  case waitBulk(pending: Int32)
  // MARK: Warpgroups
  case fenceWarpgroup
  case commitWarpgroup
  case waitWarpgroup(pending: Int32)
  case multiplyWarpgroup(WarpgroupProductOperation)
  case setMaximumRegisters(Int32)
}

/// An instruction that can run.
struct Instruction {
  let operation: Operation
  /// Where the instruction has no guard, ``absent``.
  let condition: PredicateIndex
  let isConditionNegated: Bool
  /// The rows that it reads or writes, for checks of registers in flight.
  let touched: PoolRange
  let opcodeClass: OpcodeClass
}

/// A distance from an address in a register.
struct AddressOperand {
  let row: Row
  /// Whether the register holds 64 bits.
  let is64: Bool
  let offset: Int64
}
