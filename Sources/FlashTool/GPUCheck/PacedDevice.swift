import FlashAttention

/// A timed call at the pace of standard input, as `flash bench --paced`, but on random normal data, with calls queued
/// one after the other: for scripts that let a GPU's programs take turns.
struct PacedDevice {
  let posed: TimingCase
  let device: CheckedDevice
  let watchdog: CheckWatchdog
  /// The next line of the input without its end; nil after the last.
  let nextLine: () -> String?
  let writeLine: (String) throws -> Void

  /// The seconds that a turn may take.
  private static let limit = 60.0

  /// Says that it is ready, then takes a turn for each line of input until that ends.
  ///
  /// - Parameter warmUpSeconds: How long the device computes before it is ready.
  func run(warmUpSeconds: Double = 0.2) throws {
    watchdog.watch("\(posed.name), first calls", limit: Self.limit)
    let numbers = try DeviceNumbers(NormalNumbers(.bfloat16, count: (1 << 20) + 7), on: device.stream)
    let problem: TimingProblem
    do {
      problem = try TimingProblem(posed, on: device, numbers: numbers)
    } catch let refusal as NotRun {
      throw AttentionError.unavailable("\(posed.name) on \(device.device)", reason: refusal.reason)
    }
    _ = try problem.warmUp(seconds: warmUpSeconds)
    let error = try SampledRows(problem, on: device).line()
    let ready =
      posed.jsonMembers + [
        ("backend", .text(Backend.cuda.rawValue)), ("device", .text(device.device.name)),
        ("isa", .text(problem.plan.instructionSet)), ("kernel", .text(problem.plan.kernelName)),
        ("input_sets", .integer(problem.setCount)), ("extra_bytes", .integer(problem.plan.workspaceBytes)),
      ] + error.members.filter { $0.0.hasSuffix("_error") || $0.0.hasSuffix("_bound") }
    try writeLine(JSONText.object(ready).description)
    watchdog.rest()
    while let line = nextLine() {
      let runs = try PacedBench.runs(line)
      watchdog.watch(posed.name, limit: Self.limit)
      let times = try problem.times(runs: runs)
      watchdog.rest()
      try writeLine(
        JSONText.object([("runs", .integer(times.count))] + times.jsonMembers).description)
    }
  }
}
