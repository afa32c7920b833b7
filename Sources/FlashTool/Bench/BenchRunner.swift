import FlashAttention

/// Measures back ends on cases.
struct BenchRunner {
  /// The number of timed iterations; nil for as many as take about a second, between 3 and 50.
  let iterations: Int?
  let progress: BenchProgress

  /// What is known of a contender so far.
  private struct Entry<Element: AttentionElement> {
    let contender: any BenchContender<Element>
    let extraBytes: Int
    let maxError: Double
    var warmUpSeconds = 0.0
    var seconds: [Double] = []
  }

  /// Measures back ends on one case, with data of the case's element type.
  func measure(_ benchCase: BenchCase, _ options: [ExecutionOptions]) throws -> [BenchMeasurement] {
    switch benchCase.elementType {
    case .float32: try measure(BenchProblem<Float>(benchCase), options)
    case .float16: try measure(BenchProblem<Float16>(benchCase), options)
    case .bfloat16: try measure(BenchProblem<BFloat16>(benchCase), options)
    }
  }

  private func measure<Element>(
    _ problem: BenchProblem<Element>, _ options: [ExecutionOptions]
  ) throws -> [BenchMeasurement] {
    let benchCase = problem.benchCase
    let name = "\(benchCase.shapeText), \(benchCase.mask)"
    progress.begin(name)
    let reference = try SampledReference(problem)
    var entries: [Entry<Element>] = []
    for options in options {
      progress.update(name, "\(options.backend?.rawValue ?? "auto"), memory and error")
      let contender = try problem.contender(options)
      let (results, extraBytes) = try contender.measureMemory()
      entries.append(
        Entry(contender: contender, extraBytes: extraBytes, maxError: try reference.error(of: results)))
    }
    // Only now, because measuring memory hands freed memory back to the system.
    for index in entries.indices {
      progress.update(name, "\(entries[index].contender.plan.backend.rawValue), warming up")
      entries[index].warmUpSeconds = try entries[index].contender.warmUp()
    }
    // Taking turns spreads the machine's slow moments over all back ends.
    let rounds = iterations ?? min(max(Int(1 / max(entries.map(\.warmUpSeconds).max() ?? 1, 1e-6)), 3), 50)
    for round in 1...max(rounds, 1) {
      for index in entries.indices {
        progress.update(name, "\(entries[index].contender.plan.backend.rawValue), iteration \(round) of \(rounds)")
        entries[index].seconds.append(try entries[index].contender.timedRun())
      }
    }
    let operations = try benchCase.operations()
    return entries.map { entry in
      BenchMeasurement(
        benchCase: benchCase, plan: entry.contender.plan, times: RunTimes(entry.seconds), operations: operations,
        extraBytes: entry.extraBytes, maxError: entry.maxError)
    }
  }
}
