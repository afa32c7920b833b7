import KernelIntrinsics

/// Runs the backward pass of a plan on the CPU.
struct CPUBackward {
  let plan: AttentionPlan
  let problem: KernelProblem

  private var shape: AttentionShape { plan.descriptor.shape }
  private var kernels: KernelSet { plan.kernels }

  func run() throws {
    forEachRowBlock { problem, batch, head, start, end in
      kernels.prepareBackward(problem, batch, head, start, end)
    }
    switch plan.backend {
    case .cpu: runFlash()
    case .standard: try runStandard()
    }
    if plan.keepsQueryGradientSums {
      forEachRowBlock { problem, batch, head, start, end in
        kernels.storeQueryGradient(problem, batch, head, start, end)
      }
    }
  }

  private func runFlash() {
    let bias = problem.biasGradient
    // Heads that share a bias take turns, which needs the order of all heads; without one, as many heads as threads.
    let heads = shape.batch * shape.keyValueHeads
    let schedule = BackwardSchedule(
      shape, keyBlock: plan.tiles.keyBlock, team: bias.base == nil ? min(plan.threads, heads) : heads)
    let progress = UnsafeMutablePointer<Int>.allocate(capacity: max(schedule.count, 1))
    progress.initialize(repeating: 0, count: schedule.count)
    defer { progress.deallocate() }
    func counter(_ block: BackwardSchedule.Block?) -> UnsafePointer<Int>? {
      block.map { UnsafePointer(progress + schedule.progressIndex($0)) }
    }
    forEach(schedule.count) { problem, workspace, index in
      let block = schedule[index]
      let biasPredecessor =
        bias.base == nil
        ? nil
        : schedule.biasGradientPredecessor(
          block, sharesBatch: bias.batchStride == 0, sharesHeads: bias.headStride == 0,
          sharesKeys: bias.columnStride == 0)
      var item = item(
        schedule, block, progress + schedule.progressIndex(block),
        queryGradientPredecessor: counter(schedule.queryGradientPredecessor(block)),
        biasGradientPredecessor: counter(biasPredecessor))
      kernels.backward(problem, &item, workspace)
    }
  }

  private func item(
    _ schedule: BackwardSchedule, _ block: BackwardSchedule.Block, _ progress: UnsafeMutablePointer<Int>,
    queryGradientPredecessor: UnsafePointer<Int>? = nil, biasGradientPredecessor: UnsafePointer<Int>? = nil
  ) -> BackwardItem {
    BackwardItem(
      batch: schedule.batch(block), keyValueHead: schedule.keyValueHead(block), firstKey: schedule.firstKey(block),
      keys: schedule.keys(block), progress: progress, queryGradientPredecessor: queryGradientPredecessor,
      biasGradientPredecessor: biasGradientPredecessor)
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
        var item = item(schedule, schedule[index / heads], progress)
        kernels.standardScoreGradients(
          problem, &item, workspace, item.keyValueHead * heads + index % heads, probabilities[index],
          scoreGradients[index])
      }
      forEach(schedule.count) { problem, workspace, index in
        var item = item(schedule, schedule[index], progress)
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
          var item = item(schedule, schedule[panelIndex], progress)
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

  /// Calls `body` for blocks of queries of every head.
  private func forEachRowBlock(_ body: (UnsafePointer<KernelProblem>, Int, Int, Int, Int) -> Void) {
    let rows = 512
    let blocks = (shape.queryLength + rows - 1) / rows
    withUnsafePointer(to: problem) { problem in
      Parallel.forEach(
        shape.batch * shape.queryHeads * blocks, threads: plan.threads, workspaceSize: 0
      ) { index, _ in
        let start = index % blocks * rows
        let head = index / blocks
        body(
          problem, head / shape.queryHeads, head % shape.queryHeads, start, min(start + rows, shape.queryLength))
      }
    }
  }
}
