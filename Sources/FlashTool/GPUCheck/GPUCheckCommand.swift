import ArgumentParser
import FlashAttention

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `flash gpu-check`: whether a GPU computes what the contract says, and how fast.
struct GPUCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gpu-check",
    abstract: "Check a CUDA device: results against fp64, what its driver makes of the kernels, and times.",
    discussion: """
      Runs a queue of cases, those first that the rest stands on, and reports each as soon as it is done: the first call \
      of the process; calls of every feature, computed twice into poisoned memory with the kernels of each instruction \
      set that the device runs, and compared with fp64; the host's time for a planned call; forward passes and decoding on \
      random normal bf16 data, timed by events, beside a copy within device memory; and what the driver's assembler \
      says of each kernel.

      A case begins only where its whole time is left of the budget; what did not begin is reported as not run. A case \
      that does not end in its time may hang for ever: it is reported and the tool exits with 69. Results that break the \
      contract, and cases that fail, also make the exit status 69. A target that is not met does not.

      With --paced it times one shape whenever a line comes on standard input, for scripts that take turns: it prints one \
      JSON object when it is ready, then one with the seconds for each line, which holds the number of runs, 1 where it is \
      empty.

      Example: flash gpu-check --json gpu.jsonl
               flash gpu-check --only timing --seconds 120
      """)

  @Option(
    parsing: .unconditional, help: "The position of the device in the driver's list. (default: the first usable one)")
  var device: Int?

  @Option(
    help: ArgumentHelp("Also write one JSON object a line to a file, each as soon as it is known.", valueName: "file"))
  var json: String?

  @Option(parsing: .unconditional, help: "The seconds that everything may take.")
  var seconds = 540.0

  @Option(help: "Only one part of it. (default: all)")
  var only: GPUCheck.Part?

  @Flag(help: "Few and small cases: does it work, not how fast it is.")
  var quick = false

  @Flag(help: "Time one --shape whenever a line comes on standard input.")
  var paced = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The sizes that --paced times.", valueName: "B,Hq,Hkv,Sq,Sk,D,Dv"),
    transform: ShapeArgument.init(parsing:))
  var shape: ShapeArgument?

  @Option(help: "The mask that --paced times: full or causal. (default: full)")
  var mask: TimingMask?

  /// The masks that are timed.
  enum TimingMask: String, CaseIterable, ExpressibleByArgument {
    case full
    case causal
  }

  func validate() throws {
    if !(seconds > 0 && seconds <= 86_400) {
      throw ValidationError("--seconds: was \(seconds), expected more than 0, at most 86400")
    }
    if paced && (shape == nil || only != nil || json != nil || quick) {
      throw ValidationError("--paced: expected --shape, and neither --only nor --json nor --quick")
    }
    if let shape, shape.shape.sizes.contains(0) {
      throw ValidationError("--shape: expected sizes of at least 1")
    }
    if !paced && (shape != nil || mask != nil) {
      throw ValidationError("--shape and --mask: expected --paced as well")
    }
  }

  func run() throws {
    let start = Stopwatch()
    let checked = try CheckedDevice(at: device)
    if let shape, paced {
      let watchdog = try CheckWatchdog { name, limit in
        StandardError.write("flash: \(CheckLine.timeout(name, seconds: limit).text)\n")
        _exit(ToolStatus.unavailable.rawValue)
      }
      try PacedDevice(
        posed: TimingCase(shape: shape.shape, isCausal: mask == .causal), device: checked, watchdog: watchdog,
        nextLine: { readLine() }, writeLine: StandardOutput.writeLine
      ).run()
      return
    }
    let report = try CheckReport(path: json) { try StandardOutput.writeLine($0) }
    let watchdog = try CheckWatchdog { name, limit in
      // The report may be what cannot be written; the process ends all the same.
      try? report.add(.timeout(name, seconds: limit))
      try? report.end(seconds: start.seconds)
      StandardError.write("flash: \(name) did not end within \(Seconds.description(limit))\n")
      // Without the driver's own clean-up, which would wait for the kernel.
      _exit(ToolStatus.unavailable.rawValue)
    }
    defer { watchdog.dismiss() }
    try report.add(checked.line)
    let queue = CheckQueue(
      budget: seconds, elapsed: { start.seconds }, report: report, watchdog: watchdog,
      breakage: { checked.context.breakage })
    try queue.run(GPUCheck(checked, isQuick: quick).items(only))
    try report.end(seconds: start.seconds)
    let failures = report.tally.failures
    if !failures.isEmpty {
      throw AttentionError.deviceFailure(
        "\(checked.device)", reason: "\(failures.count) cases, the first of them \(failures[0])")
    }
  }
}

extension GPUCheck.Part: ExpressibleByArgument {}
