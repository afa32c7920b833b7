import KernelIntrinsics

/// Runs the backward pass of a plan on the CPU.
struct CPUBackward {
  let plan: AttentionPlan
  let problem: KernelProblem

  private var shape: AttentionShape { plan.descriptor.shape }
  private var kernels: KernelSet { plan.kernels }

  func run() throws {
    switch plan.processorBackend {
    case .cpu: try runFlash()
    case .standard: try betweenRowSteps { try runStandard() }
    }
  }

  /// Prepares the rows of all heads, runs `body`, and stores what it has added up for them.
  private func betweenRowSteps(_ body: () throws -> Void) throws {
    forEachRowBlock { $2.prepareSums(with: $0, $1) }
    try body()
    if plan.keepsQueryGradientSums { forEachRowBlock { $2.storeQueryGradient(with: $0, $1) } }
  }

  private func runFlash() throws {
    // Heads that share a bias take turns, which needs the order of all heads; without one, as many heads as threads.
    let heads = shape.batch * shape.keyValueHeads
    let schedule = BackwardSchedule(
      shape, keyBlock: plan.tiles.keyBlock,
      team: problem.biasGradient.base == nil ? min(plan.threads, heads) : heads,
      sharedTail: problem.matrixUnitParts == 0 ? kernels.laneGroupWidth / 3 : 0)
    // Where an item has all keys of its heads, nobody else needs their rows, and the item does the steps before and
    // after it while they are in its cache.
    if schedule.blocksPerHead == 1 {
      try run(schedule, ownsRows: true)
    } else {
      try betweenRowSteps { try run(schedule, ownsRows: false) }
    }
  }

  private func run(_ schedule: BackwardSchedule, ownsRows: Bool) throws {
    let kernels = kernels
    try Scratch.withMemory(byteCount: schedule.count * MemoryLayout<Int>.stride, for: "the gradient") { memory in
      let progress = memory.bindMemory(to: Int.self, capacity: max(schedule.count, 1))
      progress.initialize(repeating: 0, count: schedule.count)
      withUnsafePointer(to: problem) { problem in
        Parallel.forEach(
          schedule.count, threads: plan.threads, workspaceSize: kernels.backwardWorkspaceSize(problem),
          work: BackwardWork(
            problem: problem, schedule: schedule, kernels: kernels, progress: progress,
            rowSteps: ownsRows ? (plan.keepsQueryGradientSums ? .prepareAndStore : .prepare) : .none,
            takesItemsAhead: plan.fetchesNextHead))
      }
    }
  }

  /// Standard attention: P and dS are whole matrices, and each stage is a pass of its own over them.
  private func runStandard() throws {
    let schedule = BackwardSchedule(shape, keyBlock: plan.tiles.keyBlock, team: 1)
    let heads = shape.queryHeads == 0 ? 0 : shape.headsPerGroup
    let panel = kernels.laneGroupWidth * shape.queryLength
    let probabilities = try StandardMatrix(panels: schedule.count * heads, panelSize: panel)
    let scoreGradients = try StandardMatrix(panels: schedule.count * heads, panelSize: panel)
    // Nobody waits for anybody: no two items of a stage write to the same place.
    var unused = 0
    withUnsafeMutablePointer(to: &unused) { progress in
      forEach(schedule.count * heads) { problem, workspace, index in
        var item = schedule.item(schedule[index / heads], progress)
        kernels.standardScoreGradients(
          problem, &item, workspace, item.keyValueHead * heads + index % heads, probabilities[index],
          scoreGradients[index])
      }
      forEach(schedule.count) { problem, workspace, index in
        var item = schedule.item(schedule[index], progress)
        kernels.standardKeyValueGradients(
          problem, &item, workspace, panel, probabilities[index * heads], scoreGradients[index * heads])
      }
      // Many blocks of queries in an item, because each panel's keys are packed again for every item.
      let rows = plan.tiles.queryBlock * 8
      let rowBlocks = (shape.queryLength + rows - 1) / rows
      let columns = shape.batch * shape.keyValueHeads
      let panels = schedule.count / max(columns, 1)
      forEach(columns * heads * rowBlocks) { problem, workspace, index in
        let start = index % rowBlocks * rows
        let head = index / rowBlocks % heads
        let column = index / rowBlocks / heads
        for panelIndex in column * panels..<(column + 1) * panels {
          var item = schedule.item(schedule[panelIndex], progress)
          kernels.standardQueryGradients(
            problem, &item, workspace, item.keyValueHead * heads + head, start, start + rows,
            probabilities[panelIndex * heads + head], scoreGradients[panelIndex * heads + head])
        }
      }
    }
  }

  private func forEach(
    _ count: Int, _ body: (UnsafePointer<KernelProblem>, UnsafeMutableRawPointer, Int) -> Void
  ) {
    var problem = problem
    let size = kernels.backwardWorkspaceSize(&problem)
    withUnsafePointer(to: problem) { problem in
      Parallel.forEach(count, threads: plan.threads, workspaceSize: size) { index, workspace in
        body(problem, workspace, index)
      }
    }
  }

  /// Runs a step of the backward pass for blocks of queries of every head. The step is the same for every call, so that
  /// it captures nothing.
  private func forEachRowBlock(_ step: @escaping RowBlockWork.Step) {
    let kernels = kernels
    withUnsafePointer(to: problem) { problem in
      let work = RowBlockWork(kernels: kernels, problem: problem, step: step)
      Parallel.forEach(work.count, threads: plan.threads, workspaceSize: 0, work: work)
    }
  }
}
