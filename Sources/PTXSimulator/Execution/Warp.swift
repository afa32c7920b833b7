/// 32 threads that run in step.
///
/// Where lanes part, their ways run one after the other up to where they meet again. The hardware may run them in
/// another order, which is why the happens-before check does not rely on the order within a warp.
final class Warp {
  unowned(unsafe) let block: Block
  let kernel: DecodedKernel
  /// The warp's number within its block.
  let index: Int
  let registers: RegisterFile
  let clocks: LaneClocks
  /// Lanes that exist; the last warp of a block may have fewer than 32.
  let lanes: UInt32

  // MARK: Control flow

  /// The instruction that comes next.
  var counter = 0
  /// The lanes on the present way.
  var active: UInt32
  /// Where the present way ends, or ``absent``.
  var end = absent
  /// Whether the present way has waited for one that may end.
  var isDeferred = false
  /// Ways that come later, the next one last.
  var ways: [Way] = []
  var exited: UInt32 = 0

  /// Lanes that run on from an instruction.
  struct Way {
    let counter: Int
    let active: UInt32
    let end: Int32
    let isDeferred: Bool
  }

  // MARK: Progress

  enum State {
    case ready
    /// At a barrier of the block.
    case atBarrier(Int)
    /// For the end of a phase of a barrier in memory.
    case atMemoryBarrier(Int)
    /// For the other warps of its warpgroup to issue a product.
    case atWarpgroup
    case done
  }
  var state = State.ready
  /// Whether it has given way to others since all had their turn.
  var hasYielded = false
  /// Whether the next wait for a barrier in memory ends without success.
  var timesOut = false
  /// The wait that ended without success last. The first time it does so at once, as hardware may; after that it takes
  /// time.
  var failedWait = -1
  /// Instructions run so far.
  var executed = 0

  // MARK: Asynchronous work

  let copies: LaneCopies
  let products: WarpProducts
  var fences = LaneFences()

  init(block: Block, index: Int, threadCount: Int) {
    self.block = block
    kernel = block.grid.kernel
    self.index = index
    let present = min(threadCount - index * 32, 32)
    lanes = present == 32 ? .max : (1 << UInt32(present)) - 1
    active = lanes
    registers = RegisterFile(rowCount: kernel.rowCount, predicateCount: kernel.predicateCount)
    clocks = LaneClocks(layout: block.layout, warp: index)
    copies = LaneCopies()
    products = WarpProducts(rowCount: kernel.usesWarpgroups ? kernel.rowCount : 0)
    fillConstants()
  }

  deinit { registers.deallocate() }

  /// Lanes that have not ended.
  @inline(__always) var living: UInt32 { lanes & ~exited }

  var isDone: Bool { if case .done = state { true } else { false } }

  var isReady: Bool { if case .ready = state { true } else { false } }

  // MARK: Constants

  private func fillConstants() {
    for constant in kernel.constants { registers.fill(constant.row, is64: constant.is64) { _ in constant.bits } }
    for (index, value) in kernel.constantPredicates {
      registers.setPredicate(PredicateIndex(index), .max, value ? .max : 0, poison: 0)
    }
    for (register, row) in kernel.specials {
      registers.fill(row) { UInt64(value(of: register, lane: $0)) }
    }
  }

  private func value(of register: SpecialRegister, lane: Int) -> Int {
    let grid = block.grid
    let thread = grid.blockSize.place(index * 32 + lane)
    switch register {
    case .threadX: return thread.x
    case .threadY: return thread.y
    case .threadZ: return thread.z
    case .threadsX: return grid.blockSize.x
    case .threadsY: return grid.blockSize.y
    case .threadsZ: return grid.blockSize.z
    // A cluster is one block.
    case .blockX, .clusterX: return block.place.x
    case .blockY, .clusterY: return block.place.y
    case .blockZ, .clusterZ: return block.place.z
    case .blocksX, .clustersX: return grid.gridSize.x
    case .blocksY, .clustersY: return grid.gridSize.y
    case .blocksZ, .clustersZ: return grid.gridSize.z
    case .lane: return lane
    case .warp: return index
    case .warps: return (grid.blockSize.count + 31) / 32
    case .lanesEqual: return 1 << lane
    case .lanesLess: return 1 << lane - 1
    case .lanesLessOrEqual: return 2 << lane - 1
    case .lanesGreater: return 0xffff_ffff & ~(2 << lane - 1)
    case .lanesGreaterOrEqual: return 0xffff_ffff & ~(1 << lane - 1)
    case .blockInClusterX, .blockInClusterY, .blockInClusterZ, .blockRank, .grid: return 0
    case .blocksInClusterX, .blocksInClusterY, .blocksInClusterZ, .blockRanks: return 1
    case .multiprocessor: return block.number % grid.options.multiprocessorCount
    case .multiprocessors: return grid.options.multiprocessorCount
    case .dynamicSharedBytes: return grid.sharedBytes
    case .totalSharedBytes: return block.shared.byteCount - AddressWindow.firstSharedByte
    }
  }
}
