// Operations that run while threads go on.

/// Copies some bytes from global to shared memory by one thread.
struct CopyOperation {
  let destination: AddressOperand
  let source: AddressOperand
  let byteCount: Int32
  /// How many bytes come from memory, the others being zero; ``absent`` for all.
  let sourceBytes: Row
  /// Where it holds, nothing comes from memory.
  let ignoresSource: PredicateOperand
}

/// An operation of a barrier in shared memory.
struct MemoryBarrierOperation {
  enum Kind {
    case initialize, invalidate, arrive, arriveExpect, expect, arriveDrop
    case testWait, tryWait, testWaitParity, tryWaitParity
  }
  let kind: Kind
  let address: AddressOperand
  /// A count of arrivals or of bytes, a parity, or a state.
  let operand: Row
  /// A state, or a predicate.
  let destination: Int32
  let order: AccessOrder
}

/// A copy by the bulk copy engine.
struct BulkCopyOperation {
  enum Kind {
    /// Completes at a barrier.
    case toShared
    /// Completes in a group of the thread.
    case toGlobal
    /// As ``toGlobal``, adding to what is there.
    case reduceToGlobal
  }
  enum Reduction: String { case add, min, max, inc, dec, and, or, xor }
  let kind: Kind
  let shared: AddressOperand
  /// The address in global memory, or of the tensor map.
  let global: AddressOperand
  /// The coordinates of a tile, innermost first; none for bytes in a row.
  let coordinates: PoolRange
  /// The number of bytes in a row.
  let byteCount: Row
  let barrier: AddressOperand
  let reduction: Reduction
  let type: PTXType
}

/// A product by a warpgroup.
struct WarpgroupProductOperation {
  enum Left {
    case shared(Row)
    case registers(PoolRange)
  }
  let columns: Int32
  let depth: Int32
  let inputType: PTXType
  let accumulatorType: PTXType
  let accumulators: PoolRange
  let left: Left
  let right: Row
  /// Whether the accumulators are read; where the text has a number, a predicate that is constant.
  let accumulates: PredicateOperand
  let negatesLeft: Bool
  let negatesRight: Bool
  let isLeftTransposed: Bool
  let isRightTransposed: Bool
}
