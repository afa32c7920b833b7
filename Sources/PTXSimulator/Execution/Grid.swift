/// A launch that runs.
final class Grid {
  let kernel: DecodedKernel
  let gridSize: Dimensions
  let blockSize: Dimensions
  let sharedBytes: Int
  let options: LaunchOptions
  let parameters: [UInt8]
  let parameterBytes: UnsafeMutableRawPointer
  var memory: GlobalMemory
  var counts = LaunchCounts()
  var scheduler: Scheduler
  /// Places in global memory through which threads synchronise.
  let synchronization = Synchronization()
  /// Grows whenever something changes that a thread could wait for.
  var progress = 0
  private var resident: [Block] = []
  private var warps: [Warp] = []
  private var nextBlock = 0

  init(
    kernel: DecodedKernel, grid: Dimensions, block: Dimensions, sharedBytes: Int, parameters: [UInt8],
    memory: GlobalMemory, options: LaunchOptions
  ) {
    self.kernel = kernel
    gridSize = grid
    blockSize = block
    self.sharedBytes = sharedBytes
    self.parameters = parameters
    self.memory = memory
    self.options = options
    scheduler = Scheduler(options)
    parameterBytes = .allocate(byteCount: max(parameters.count, 16), alignment: 64)
    parameterBytes.initializeMemory(as: UInt8.self, from: parameters, count: parameters.count)
  }

  deinit {
    parameterBytes.deallocate()
    counts.deallocate()
  }

  /// Runs all blocks.
  func run() throws {
    admitBlocks()
    /// Turns without progress since the last one with it.
    var idleTurns = 0
    var progressAtTimeout = -1
    while !resident.isEmpty {
      let before = progress
      try deliverAtRandom()
      if let warp = scheduler.next(warps) {
        try warp.run(limit: scheduler.turn())
        if warp.isDone { try retireBlocks() }
        idleTurns = progress == before && warp.hasYielded ? idleTurns + 1 : 0
        // Whoever polls may wait for an operation that is late.
        if idleTurns > 2 * warps.count {
          idleTurns = 0
          _ = try deliverOne()
        }
      } else if try !deliverOne() {
        if progressAtTimeout == progress || !timeOutWaits() { throw SimulationError.deadlock(stallReport()) }
        progressAtTimeout = progress
      }
    }
  }

  private func admitBlocks() {
    while resident.count < max(options.residentBlocks, 1) && nextBlock < gridSize.count {
      resident.append(Block(grid: self, number: nextBlock))
      nextBlock += 1
    }
    warps = resident.flatMap(\.warps)
  }

  private func retireBlocks() throws {
    guard resident.contains(where: \.isDone) else { return }
    for block in resident where block.isDone { try block.checkEnd() }
    resident.removeAll(where: \.isDone)
    progress += 1
    admitBlocks()
  }

  // MARK: Asynchronous operations

  private func deliverAtRandom() throws {
    guard scheduler.deliversBetweenTurns else { return }
    let blocks = resident.filter { !$0.outstanding.isEmpty }
    guard !blocks.isEmpty, let index = scheduler.delivery(of: blocks.reduce(0) { $0 + $1.outstanding.count }) else {
      return
    }
    try deliver(index, of: blocks)
  }

  private func deliverOne() throws -> Bool {
    let blocks = resident.filter { !$0.outstanding.isEmpty }
    guard !blocks.isEmpty else { return false }
    let count = blocks.reduce(0) { $0 + $1.outstanding.count }
    try deliver(scheduler.neededDelivery(of: count), of: blocks)
    return true
  }

  private func deliver(_ index: Int, of blocks: [Block]) throws {
    var index = index
    for block in blocks {
      if index < block.outstanding.count { return try block.deliver(index) }
      index -= block.outstanding.count
    }
  }

  // MARK: Stalls

  /// Lets waits for barriers in memory end without success, as the hardware does after some time.
  private func timeOutWaits() -> Bool {
    var isAny = false
    for warp in warps {
      if case .atMemoryBarrier = warp.state {
        warp.timesOut = true
        warp.state = .ready
        isAny = true
      }
    }
    return isAny
  }

  func stallReport() -> StallReport {
    StallReport(
      warps: warps.filter { !$0.isDone }.map { warp in
        StallReport.WaitingWarp(
          block: warp.block.place, warp: warp.index, lanes: warp.active & warp.living, code: kernel.code[warp.counter],
          reason: reason(warp))
      })
  }

  private func reason(_ warp: Warp) -> String {
    switch warp.state {
    case .ready: return "runs"
    case .done: return "has ended"
    case .atWarpgroup: return "waits for other warps of its warpgroup to issue a product"
    case .atMemoryBarrier(let index): return "waits for the \(warp.block.memoryBarriers[index].description)"
    case .atBarrier(let number):
      let barrier = warp.block.barriers[number]
      let expected = barrier.threads ?? warp.block.warps.reduce(0) { $0 + $1.living.nonzeroBitCount }
      return "waits at barrier \(number), where \(barrier.arrived) of \(expected) threads have arrived"
    }
  }

  func error(_ fault: Fault, at instruction: Int, warp: Warp) -> SimulationError {
    let site = Site(code: kernel.code[instruction], block: warp.block.place, warp: warp.index, lane: fault.lane)
    switch fault.kind {
    case .outOfBounds: return .outOfBounds(site, fault.detail)
    case .misaligned: return .misaligned(site, fault.detail)
    case .undefinedValue: return .undefinedValue(site, fault.detail)
    case .divergence: return .divergence(site, fault.detail)
    case .barrierMisuse: return .barrierMisuse(site, fault.detail)
    case .invalidOperand: return .invalidOperand(site, fault.detail)
    case .unfinishedWork: return .unfinishedWork(site, fault.detail)
    case .trap: return .trap(site)
    case .race(let other): return .race(site, other: kernel.code[other], fault.detail)
    case .inFlight(let since): return .inFlight(site, other: kernel.code[since], fault.detail)
    }
  }
}
