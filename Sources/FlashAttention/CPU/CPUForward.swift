import KernelIntrinsics

/// Runs the forward pass of a plan on the CPU.
struct CPUForward {
  let plan: AttentionPlan
  let problem: KernelProblem

  private var shape: AttentionShape { plan.descriptor.shape }

  func run() throws {
    switch plan.processorBackend {
    case .cpu: try runFlash()
    case .standard: try runStandard()
    }
  }

  private func runFlash() throws {
    let schedule = ForwardSchedule(shape, plan.tiles, lastQueriesFirst: plan.descriptor.mask.right != nil)
    let kernels = plan.kernels
    try withUnsafePointer(to: problem) { problem in
      let size = kernels.forwardWorkspaceSize(problem)
      func attend(_ partialRows: PartialRows?) {
        Parallel.forEach(
          schedule.count, threads: plan.threads, workspaceSize: size,
          work: ForwardWork(
            problem: problem, schedule: schedule, kernel: kernels.forward, partialRows: partialRows,
            takesItemsAhead: plan.fetchesNextHead || plan.fetchesNextPart))
      }
      if schedule.parts == 1 {
        attend(nil)
        return
      }
      // The parts of all items, and then their merges.
      try PartialRows.withMemory(for: schedule, stride: plan.partialRowStride) { partialRows in
        attend(partialRows)
        Parallel.forEach(
          schedule.rowItemCount, threads: plan.threads, workspaceSize: 0,
          work: MergeWork(
            problem: problem, schedule: schedule, kernel: kernels.mergeForward, partialRows: partialRows))
      }
    }
  }

  /// Standard attention: each stage is a pass of its own over the whole matrix.
  private func runStandard() throws {
    let kernels = plan.kernels
    let schedule = ForwardSchedule(shape, plan.tiles)
    let panel = kernels.laneGroupWidth * shape.keyLength
    let matrix = try StandardMatrix(panels: schedule.count, panelSize: panel)
    forEach(schedule) { kernels.standardScores($0, $1, $2, matrix[$3]) }
    forEach(schedule) { kernels.standardProbabilities($0, $1, $2, matrix[$3]) }
    forEach(schedule) { kernels.standardOutput($0, $1, $2, matrix[$3]) }
  }

  private func forEach(
    _ schedule: ForwardSchedule,
    _ body: (UnsafePointer<KernelProblem>, UnsafePointer<ForwardItem>, UnsafeMutableRawPointer, Int) -> Void
  ) {
    var problem = problem
    let size = plan.kernels.forwardWorkspaceSize(&problem)
    withUnsafePointer(to: problem) { problem in
      Parallel.forEach(schedule.count, threads: plan.threads, workspaceSize: size) { index, workspace in
        var item = schedule[index]
        body(problem, &item, workspace, index)
      }
    }
  }
}

/// A matrix of standard attention: panels of one lane group each.
final class StandardMatrix {
  private let base: UnsafeMutablePointer<Float>
  private let panelSize: Int

  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the matrix does not fit into an address space.
  init(panels: Int, panelSize: Int) throws {
    let (count, overflow) = panels.multipliedReportingOverflow(by: panelSize)
    guard !overflow, count <= Int.max / 8 else {
      throw AttentionError.unavailable("back end standard", reason: "its score matrices exceed the address space")
    }
    self.panelSize = panelSize
    base = UnsafeMutableRawPointer.allocate(byteCount: max(count * 4, 1), alignment: 64)
      .bindMemory(to: Float.self, capacity: max(count, 1))
  }

  subscript(panel: Int) -> UnsafeMutablePointer<Float> { base + panel * panelSize }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
