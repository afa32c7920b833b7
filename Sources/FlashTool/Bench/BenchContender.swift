import FlashAttention

/// A back end that takes part in a case, with memory and data in place.
protocol BenchContender<Element> {
  associatedtype Element: AttentionElement

  /// The plan that reports name: that of the last pass, with the instruction set of the first.
  var plan: PassPlan { get }

  /// Runs the back end once and returns the time that it took, in seconds.
  func timedRun() throws -> Double

  /// Runs the back end once without taking its time, for its memory beyond inputs and results at its peak.
  func measureMemory() throws -> (results: BenchProblem<Element>.Results, extraBytes: Int)

  /// Runs the back end until times repeat.
  ///
  /// - Returns: The time of the last run, in seconds.
  func warmUp() throws -> Double
}

extension BenchProblem {
  /// The back end that the options name, ready to run.
  func contender(_ options: ExecutionOptions) throws -> any BenchContender<Element> {
    options.backend == .cuda ? try DeviceContender(self) : try ProcessorContender(self, options)
  }
}
