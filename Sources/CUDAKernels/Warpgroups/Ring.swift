import PTX

/// A ring of places for tiles in shared memory, between the warp that brings tiles and the warpgroups that read them.
///
/// Each place has two barriers: *full* ends a phase when the tile's bytes have come, *empty* when all readers have done
/// with it. Reading a place for the n-th time waits for phase n of full, filling it for the n-th time for phase n − 1
/// of empty.
struct Ring {
  let layout: PanelLayout
  let stages: Int
  /// Where the tiles lie, and the barriers.
  let tiles: Pointer<Shared>
  let barriers: Pointer<Shared>

  /// The shared memory of the barriers.
  static func barrierBytes(stages: Int) -> Int { 2 * stages * 8 }

  /// - Parameter readers: How many arrivals empty a place.
  func initialize(_ b: KernelBuilder, readers: Int) {
    for stage in 0..<stages {
      b.initialize(full(Value(stage)), arrivals: 1)
      b.initialize(empty(Value(stage)), arrivals: readers)
    }
  }

  func full(_ stage: Value<U32>) -> MemoryBarrier { MemoryBarrier(at: barriers + stage * 8) }
  func empty(_ stage: Value<U32>) -> MemoryBarrier { MemoryBarrier(at: barriers + 8 * stages + stage * 8) }
  func tile(_ stage: Value<U32>) -> SharedTile {
    SharedTile(layout: layout, start: tiles + stage * layout.byteCount)
  }

  /// Which place comes next, and the parity of the phase that is waited for there.
  struct Position {
    let ring: Ring
    let b: KernelBuilder
    private let stageNumber: Variable<U32>
    private let phase: Variable<U32>

    /// The first place.
    ///
    /// - Parameter fills: Whether tiles are brought: at first all places are empty, as if a phase before the first had
    ///   ended.
    init(_ b: KernelBuilder, _ ring: Ring, fills: Bool) {
      self.ring = ring
      self.b = b
      stageNumber = b.variable(0 as Value<U32>)
      phase = b.variable(fills ? 1 : 0 as Value<U32>)
    }

    var stage: Value<U32> { stageNumber.value }
    var parity: Value<U32> { phase.value }
    var tile: SharedTile { ring.tile(stage) }

    /// Goes on to the next place.
    func advance() {
      if ring.stages == 1 {
        phase.value = phase.value ^ 1
        return
      }
      let next = stageNumber.value + 1
      let isBack = next .== ring.stages
      stageNumber.value = isBack.select(0, else: next)
      b.predicated(by: isBack) { phase.value = phase.value ^ 1 }
    }

    func waitUntilFull() { b.wait(for: ring.full(stage), parity: parity) }
    func waitUntilEmpty() { b.wait(for: ring.empty(stage), parity: parity) }

    /// Says for the lane's warp that it has done with the place, and goes on.
    func release(lane: Value<U32>) {
      b.branch(if: lane .== 0) { b.arrive(at: ring.empty(stage)) }
      advance()
    }
  }
}
