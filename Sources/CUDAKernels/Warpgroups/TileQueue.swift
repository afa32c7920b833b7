import PTX

/// The order in which a block of threads takes tiles: its share of all, or, where tiles differ in length, the next one
/// that no block has taken (Shah et al., *FlashAttention-3*, 2024, on scheduling under a causal mask).
///
/// The thread that brings tiles takes them, and passes each on with the tile's queries.
struct TileQueue {
  let frame: ForwardFrame
  /// The places of the queries, whose barriers also guard the slots.
  let queries: Ring
  /// 32 bits for each place of queries, in which the number of their tile is passed on.
  let slots: Pointer<Shared>

  private var b: KernelBuilder { frame.b }
  private var isCounted: Bool { frame.kernel.takesTilesFromCounter }

  static let slotBytes = 4

  private func slot(_ query: Ring.Position) -> Pointer<Shared> { slots + query.stage * Self.slotBytes }

  /// The tiles of the launch.
  private var count: Value<U32> { frame.parameter(.rowTiles, U32.self) * frame.parameter(.planes, U32.self) }

  /// Runs `body` for every tile of the block, in the thread that brings them.
  ///
  /// - Parameter query: Where the next queries go.
  func bring(_ query: Ring.Position, _ body: (WorkItem, _ passOn: () -> Void) -> Void) {
    guard isCounted else { return forEachOfShare { body($0, {}) } }
    let count = count
    let index = b.variable(b.blockIndex())
    b.repeatWhile({ index.value .< count }) {
      body(WorkItem(frame, index: index.value)) { b.store(index.value, to: slot(query)) }
      index.value = next(count)
    }
    b.comment("there is no other tile")
    query.waitUntilEmpty()
    b.store(index.value, to: slot(query))
    b.arrive(at: queries.full(query.stage))
  }

  /// The number of the next tile. The first ones of all blocks are theirs without counting.
  ///
  /// Asked for no sooner than all copies for the tile before: a block that takes a tile while it has one to compute
  /// leaves others without work in the end.
  private func next(_ count: Value<U32>) -> Value<U32> {
    let counter = b.pointer(ForwardParameter.counter.name)
    let taken = b.atomicAdd(1, to: counter)
    // Each block counts once beyond its tiles, so that there are as many counts as tiles. The last one makes the
    // counter zero again.
    b.branch(if: taken + 1 .== count) { _ = b.atomicAdd(0 - count, to: counter) }
    return taken + b.gridSize()
  }

  /// Runs `body` for every tile of the block, in the threads that compute, when its queries are there.
  func compute(_ query: Ring.Position, _ body: (WorkItem) -> Void) {
    guard isCounted else {
      return forEachOfShare { item in
        query.waitUntilFull()
        body(item)
      }
    }
    let count = count
    let isFirstLane = b.laneIndex() .== 0
    /// The number of the next tile. The lane that will say that the warp has done with the queries reads it, and the
    /// others have it from there, so that the compiler knows that warps do not diverge.
    func receive() -> Value<U32> {
      query.waitUntilFull()
      let index = b.variable(0 as Value<U32>)
      b.predicated(by: isFirstLane) { index.value = b.load(U32.self, from: slot(query)) }
      return b.broadcast(index.value, fromLane: 0)
    }
    let index = b.variable(receive())
    b.repeatWhile({ index.value .< count }) {
      body(WorkItem(frame, index: index.value))
      index.value = receive()
    }
  }

  /// Every so many tiles as there are blocks.
  private func forEachOfShare(_ body: (WorkItem) -> Void) {
    b.loop(from: b.blockIndex(), to: count, step: b.gridSize()) { index in body(WorkItem(frame, index: index)) }
  }
}
