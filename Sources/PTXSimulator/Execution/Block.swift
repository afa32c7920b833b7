/// The threads that share memory while they run.
final class Block {
  unowned(unsafe) let grid: Grid
  let number: Int
  let place: Dimensions
  let layout: ClockLayout
  let shared: SharedMemory
  private(set) var warps: [Warp] = []
  var barriers: [BlockBarrier]
  var memoryBarriers: [MemoryBarrierState] = []
  var warpgroups: [Warpgroup]
  /// Bulk copies and arrivals that have begun and not happened.
  var outstanding: [OutstandingWork] = []
  /// A clock for messages on their way.
  let scratch: VectorClock
  /// Places in shared memory through which threads synchronise.
  let synchronization = Synchronization()
  private var endedWarps = 0
  /// The number that the next copy gets.
  var nextCopy: UInt32 = 1

  init(grid: Grid, number: Int) {
    self.grid = grid
    self.number = number
    place = grid.gridSize.place(number)
    let threads = grid.blockSize.count
    let warpCount = (threads + 31) / 32
    layout = ClockLayout(threads: warpCount * 32, warpgroups: (warpCount + 3) / 4)
    scratch = VectorClock(componentCount: layout.count)
    shared = SharedMemory(byteCount: grid.kernel.symbols.dynamicShared + grid.sharedBytes, layout: layout)
    barriers = (0..<16).map { _ in BlockBarrier() }
    warpgroups = (0..<layout.warpgroups).map { _ in Warpgroup() }
    warps = (0..<warpCount).map { Warp(block: self, index: $0, threadCount: threads) }
  }

  deinit {
    scratch.deallocate()
    for barrier in barriers { barrier.message?.deallocate() }
    for barrier in memoryBarriers { barrier.deallocate() }
    for case .arrival(_, _, _, let told) in outstanding.map(\.kind) { told.deallocate() }
    for product in warpgroups.flatMap(\.waiting) { product.clock?.deallocate() }
  }

  var isDone: Bool { endedWarps == warps.count }

  func warpEnded(_ warp: Warp) { endedWarps += 1 }

  /// What is wrong with a block whose warps have all ended.
  func checkEnd() throws {
    if let work = outstanding.first {
      throw grid.error(
        Fault(.unfinishedWork, "the block ends before a copy or an arrival that nothing waited for"),
        at: work.instruction,
        warp: warps[work.warp])
    }
    for barrier in memoryBarriers where barrier.isValid && barrier.bytes != 0 {
      let count = barrier.bytes
      let detail =
        count > 0 ? "\(count) bytes were announced that never came" : "\(-count) bytes came that were not announced"
      throw grid.error(
        Fault(.unfinishedWork, "\(detail) at the barrier at \(hexadecimal(barrier.address))"),
        at: barrier.initialisation.instruction, warp: warps[barrier.initialisation.component / 32])
    }
  }
}
