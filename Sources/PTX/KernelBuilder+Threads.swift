// Which thread this is, and what the threads of a warp and a block do together.
extension KernelBuilder {
  /// An axis of the grid and of a block.
  public enum Axis: String, Sendable {
    case x, y, z
  }

  /// The thread's number within its block.
  public func threadIndex(_ axis: Axis = .x) -> Value<U32> { special("%tid.\(axis.rawValue)") }

  /// The block's number within the grid.
  public func blockIndex(_ axis: Axis = .x) -> Value<U32> { special("%ctaid.\(axis.rawValue)") }

  /// The number of blocks of the grid.
  public func gridSize(_ axis: Axis = .x) -> Value<U32> { special("%nctaid.\(axis.rawValue)") }

  /// The thread's number within its warp.
  public func laneIndex() -> Value<U32> { special("%laneid") }

  private func special(_ name: String) -> Value<U32> {
    let result = register(U32.self)
    emit("mov.u32", result.text, name)
    return result
  }

  // MARK: Warps

  /// The value of the lane whose number differs in the bits of `mask`.
  public func exchange<Scalar: ScalarType>(_ value: Value<Scalar>, acrossLanes mask: Int) -> Value<Scalar> {
    let result = register(Scalar.self)
    emit("shfl.sync.bfly.b32", result.text, value.text, "\(mask)", "31", Self.allLanes)
    return result
  }

  /// The value of one lane.
  public func broadcast<Scalar: ScalarType>(_ value: Value<Scalar>, fromLane lane: Value<U32>) -> Value<Scalar> {
    let result = register(Scalar.self)
    emit("shfl.sync.idx.b32", result.text, value.text, lane.text, "31", Self.allLanes)
    return result
  }

  /// The lanes in which the predicate holds, lane 0 in the lowest bit.
  public func ballot(_ predicate: Predicate) -> Value<B32> {
    compute("vote.sync.ballot.b32", [predicate.operand, Immediate(text: Self.allLanes)])
  }

  /// Holds in exactly one thread of the warp.
  public func electedThread() -> Predicate {
    require(.sm90a, "elect")
    let result = newPredicate()
    emit("elect.sync", "_|\(result)", Self.allLanes)
    return Predicate(register: result, of: self)
  }

  /// Waits for the threads of the warp.
  public func synchronizeWarp() { emit("bar.warp.sync", Self.allLanes) }

  private static let allLanes = "0xffffffff"

  // MARK: Blocks

  /// Waits for all threads of the block.
  public func synchronizeBlock() { emit("barrier.sync.aligned", "0") }

  /// Waits until `threads` threads have come to a barrier of the block, of which there are sixteen; 0 is that of
  /// ``synchronizeBlock()``.
  public func synchronize(barrier: Value<U32>, threads: Int) {
    emit("barrier.sync.aligned", barrier.text, "\(threads)")
  }

  /// Comes to a barrier without waiting at it.
  public func arrive(barrier: Value<U32>, threads: Int) {
    emit("barrier.arrive.aligned", barrier.text, "\(threads)")
  }

  /// How the registers of a block are dealt out to its warpgroups.
  public enum RegisterChange: String, Sendable {
    case increase = "inc"
    case decrease = "dec"
  }

  /// Changes the number of registers of each thread of the warpgroup.
  public func setMaximumRegisters(_ change: RegisterChange, to count: Int) {
    require(.sm90a, "setmaxnreg")
    precondition(count % 8 == 0 && (24...256).contains(count), "registers are dealt out by eights, 24 to 256")
    emit("setmaxnreg.\(change.rawValue).sync.aligned.u32", "\(count)")
  }
}
