import FlashAttention

/// A back end that takes part in a case.
struct BenchContender<Element: AttentionElement> {
  let problem: BenchProblem<Element>
  let options: ExecutionOptions
  /// The result of the forward pass, where only the gradient is timed.
  private let stored: AttentionResult<Element>?
  private let plans: [AttentionPlan]

  init(_ problem: BenchProblem<Element>, _ options: ExecutionOptions) throws {
    self.problem = problem
    self.options = options
    plans = try problem.benchCase.plans(options)
    stored = problem.benchCase.direction == .backward ? try problem.forward(options) : nil
  }

  /// The plan that reports name: that of the last pass.
  var plan: AttentionPlan { plans[plans.count - 1] }

  /// Runs the back end once.
  func run() throws -> BenchProblem<Element>.Results {
    try problem.run(options, stored: stored)
  }

  /// Runs the back end once and returns the time that it took, in seconds.
  func timedRun() throws -> Double {
    let stopwatch = Stopwatch()
    let results = try run()
    return withExtendedLifetime(results) { stopwatch.seconds }
  }

  /// Runs the back end once without taking its time, for its memory beyond inputs and results at its peak.
  func measureMemory() throws -> (results: BenchProblem<Element>.Results, extraBytes: Int) {
    let (results, growth) = try PeakMemory.growth { try run() }
    let measured = growth.map { $0 - resultBytes } ?? 0
    return (results, measured >= PeakMemory.resolution ? measured : predictedExtraBytes)
  }

  /// Runs the back end until it finds its memory resident, which with large matrices takes several runs because the
  /// allocator's blocks move.
  ///
  /// - Returns: The time of the last run, in seconds.
  func warmUp() throws -> Double {
    var seconds = 0.0
    for _ in 0..<4 {
      let (time, touched) = try PageFaults.touched { try timedRun() }
      seconds = time
      if touched < (predictedExtraBytes + resultBytes) / 8 { break }
    }
    return seconds
  }

  private var timedPlans: [AttentionPlan] {
    plans.filter { problem.benchCase.direction.passes.contains($0.direction) }
  }

  private var resultBytes: Int { timedPlans.map(MemoryCheck.resultBytes).reduce(0, +) }

  private var predictedExtraBytes: Int { timedPlans.map(\.cost.extraBytes).max() ?? 0 }
}
