import FlashAttention

/// A back end of the processor that takes part in a case.
struct ProcessorContender<Element: AttentionElement>: BenchContender {
  let problem: BenchProblem<Element>
  let options: ExecutionOptions
  /// The result of the forward pass, where only the gradient is timed.
  private let stored: AttentionResult<Element>?
  private let plans: [PassPlan]

  init(_ problem: BenchProblem<Element>, _ options: ExecutionOptions) throws {
    self.problem = problem
    self.options = options
    plans = try problem.benchCase.plans(options)
    stored = problem.benchCase.direction == .backward ? try problem.forward(options) : nil
  }

  var plan: PassPlan { plans[plans.count - 1].after(plans[0]) }

  /// Runs the back end once.
  func run() throws -> BenchProblem<Element>.Results {
    try problem.run(options, stored: stored)
  }

  func timedRun() throws -> Double {
    let stopwatch = Stopwatch()
    let results = try run()
    return withExtendedLifetime(results) { stopwatch.seconds }
  }

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

  private var timedPlans: [PassPlan] {
    plans.filter { problem.benchCase.direction.passes.contains($0.direction) }
  }

  private var resultBytes: Int { timedPlans.map(MemoryCheck.resultBytes).reduce(0, +) }

  private var predictedExtraBytes: Int { timedPlans.map(\.extraBytes).max() ?? 0 }
}
