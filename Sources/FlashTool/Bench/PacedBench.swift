import FlashAttention

/// A bench at the pace of its standard input, for scripts that let a back end take turns with another program.
///
/// Problem and memory are made once; every turn finds them as the last one left them. Results are allocated by each
/// run, because that is what a call of the library costs.
struct PacedBench {
  let benchCase: BenchCase
  let options: ExecutionOptions

  /// Says that it is ready, then takes a turn for each line of standard input until that ends.
  func run() throws {
    switch benchCase.elementType {
    case .float32: try run(BenchProblem<Float>(benchCase))
    case .float16: try run(BenchProblem<Float16>(benchCase))
    case .bfloat16: try run(BenchProblem<BFloat16>(benchCase))
    }
  }

  private func run<Element>(_ problem: BenchProblem<Element>) throws {
    let contender = try problem.contender(options)
    let extraBytes = try contender.measureMemory().extraBytes
    _ = try contender.warmUp()
    let ready = benchCase.jsonMembers(contender.plan) + [("extra_bytes", .integer(extraBytes))]
    try StandardOutput.writeLine(JSONText.object(ready).description)
    while let line = readLine() {
      let runs = try Self.runs(line)
      let times = RunTimes(try (0..<runs).map { _ in try contender.timedRun() })
      let turn = JSONText.object([("runs", .integer(times.count))] + times.jsonMembers)
      try StandardOutput.writeLine(turn.description)
    }
  }

  /// The number of runs that a line asks for.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for anything but a number or nothing.
  static func runs(_ line: String) throws -> Int {
    if line.isEmpty { return 1 }
    guard let runs = Int(line), runs >= 1 else {
      throw AttentionError.invalidArgument(
        "line of standard input", was: "\"\(line)\"", expected: "a number of runs, or nothing for one")
    }
    return runs
  }
}
