import FlashAttention

/// Measures back ends on cases.
struct BenchRunner {
  /// The number of timed iterations; nil for as many as take about a second, between 3 and 50.
  let iterations: Int?
  let progress: BenchProgress

  /// A back end that takes part in a case.
  private struct Contender<Element: AttentionElement> {
    let plans: [AttentionPlan]
    let options: ExecutionOptions
    let stored: AttentionResult<Element>?
    let extraBytes: Int
    let maxError: Double
    /// The memory that a run takes with its results, as far as the plan knows.
    let predictedBytes: Int
    var warmUpSeconds = 0.0
    var seconds: [Double] = []

    /// The plan that reports name: that of the last pass.
    var plan: AttentionPlan { plans[plans.count - 1] }
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
    var contenders: [Contender<Element>] = []
    for options in options {
      progress.update(name, "\(options.backend?.rawValue ?? "auto"), memory and error")
      contenders.append(try admitted(problem, options, reference))
    }
    // Only now, because measuring memory hands freed memory back to the system.
    for index in contenders.indices {
      progress.update(name, "\(contenders[index].plan.backend.rawValue), warming up")
      try warmUp(&contenders[index], problem)
    }
    // Taking turns spreads the machine's slow moments over all back ends.
    let rounds = iterations ?? min(max(Int(1 / max(contenders.map(\.warmUpSeconds).max() ?? 1, 1e-6)), 3), 50)
    for round in 1...max(rounds, 1) {
      for index in contenders.indices {
        progress.update(name, "\(contenders[index].plan.backend.rawValue), iteration \(round) of \(rounds)")
        let stopwatch = Stopwatch()
        let results = try problem.run(contenders[index].options, stored: contenders[index].stored)
        contenders[index].seconds.append(withExtendedLifetime(results) { stopwatch.seconds })
      }
    }
    let operations = try benchCase.operations()
    return contenders.map { contender in
      BenchMeasurement(
        benchCase: benchCase, backend: contender.plan.backend, instructionSet: contender.plan.instructionSet,
        threads: contender.plan.threads, seconds: contender.seconds.sorted(), operations: operations,
        extraBytes: contender.extraBytes, maxError: contender.maxError)
    }
  }

  /// Runs a back end once without taking its time, for its memory and its error.
  private func admitted<Element>(
    _ problem: BenchProblem<Element>, _ options: ExecutionOptions, _ reference: SampledReference<Element>
  ) throws -> Contender<Element> {
    let plans = try problem.benchCase.plans(options)
    let stored = problem.benchCase.direction == .backward ? try problem.forward(options) : nil
    let passes = plans.filter { problem.benchCase.direction.passes.contains($0.direction) }
    let resultBytes = passes.map(MemoryCheck.resultBytes).reduce(0, +)
    let predicted = passes.map(\.cost.extraBytes).max() ?? 0
    let (results, growth) = try PeakMemory.growth { try problem.run(options, stored: stored) }
    let measured = growth.map { $0 - resultBytes } ?? 0
    let maxError = try reference.error(of: results)
    return Contender(
      plans: plans, options: options, stored: stored,
      extraBytes: measured >= PeakMemory.resolution ? measured : predicted,
      maxError: maxError, predictedBytes: predicted + resultBytes)
  }

  /// Runs a back end until it finds its memory resident, which with large matrices takes several runs because the
  /// allocator's blocks move.
  private func warmUp<Element>(_ contender: inout Contender<Element>, _ problem: BenchProblem<Element>) throws {
    for _ in 0..<4 {
      let stopwatch = Stopwatch()
      let (_, touched) = try PageFaults.touched { try problem.run(contender.options, stored: contender.stored) }
      contender.warmUpSeconds = stopwatch.seconds
      if touched < contender.predictedBytes / 8 { return }
    }
  }
}
