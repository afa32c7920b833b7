// Operations of memory and of threads together.

/// A state space that addresses lie in.
enum StateSpace: String {
  case generic, global, shared, param, local, const
}

/// How an access takes part in synchronisation (PTX ISA, section 8, "Memory consistency model").
enum AccessOrder {
  case weak, relaxed, acquire, release, acquireRelease

  var acquires: Bool { self == .acquire || self == .acquireRelease }
  var releases: Bool { self == .release || self == .acquireRelease }
}

/// A load or a store.
struct AccessOperation {
  let space: StateSpace
  let type: PTXType
  /// The rows of the elements.
  let values: PoolRange
  let areValues64: Bool
  let address: AddressOperand
  let order: AccessOrder
}

/// Reads, changes and writes memory as one step.
struct AtomicOperation {
  enum Kind: String {
    case add, min, max, exch, cas, inc, dec, and, or, xor
  }
  let kind: Kind
  let space: StateSpace
  let type: PTXType
  /// What was there before; none for a reduction.
  let results: PoolRange
  let operands: PoolRange
  /// The new value of a compare and swap.
  let replacement: Row
  let address: AddressOperand
  let order: AccessOrder
}

/// Orders accesses of a thread.
struct FenceOperation {
  enum Kind {
    case threads
    case asyncProxy
    case barrierInitialisation
    case nothing
  }
  let kind: Kind
}

/// Moves a register between lanes.
struct ShuffleOperation {
  enum Kind: String { case up, down, bfly, idx }
  let kind: Kind
  let destination: Row
  let isInRange: PredicateIndex
  let source: Row
  let lane: Row
  let clamp: Row
  let members: Row
}

/// Looks at a predicate of all lanes.
struct VoteOperation {
  enum Kind: String { case all, any, uni, ballot }
  let kind: Kind
  /// A row for a ballot, else a predicate.
  let destination: Int32
  let source: PredicateOperand
  let members: Row
}

/// Reduces a register over lanes, or finds lanes with equal values.
struct LaneReductionOperation {
  enum Kind: String { case add, min, max, and, or, xor, matchAny, matchAll }
  let kind: Kind
  let type: PTXType
  let destination: Row
  let areAllEqual: PredicateIndex
  let source: Row
  let members: Row
}

/// Chooses one lane.
struct ElectOperation {
  let destination: Row
  let isElected: PredicateIndex
  let members: Row
}

/// A barrier of the block.
struct BarrierOperation {
  enum Kind { case synchronize, arrive, reduceAnd, reduceOr, reduceCount }
  let kind: Kind
  let isAligned: Bool
  let barrier: Row
  /// The number of threads, ``absent`` for all of the block.
  let threads: Row
  /// A row or a predicate for reductions.
  let destination: Int32
  let source: PredicateOperand
}

/// Loads or stores matrices of 8 × 8 elements of 16 bits.
struct MatrixAccessOperation {
  let registers: PoolRange
  let isTransposed: Bool
  let address: AddressOperand
}

/// A product of small matrices by one warp.
struct MatrixProductOperation {
  let inputType: PTXType
  let accumulatorType: PTXType
  let depth: Int32
  let d: PoolRange
  let a: PoolRange
  let b: PoolRange
  let c: PoolRange
}
