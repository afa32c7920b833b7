import ArgumentParser
import FlashAttention

/// `flash bench`: back ends against each other.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure flash against standard attention: time, GFLOP/s, extra memory and error.",
    discussion: """
      Without --shape, runs a sweep over sequence lengths from \(BenchSweep.lengths[0]) to \
      \(BenchSweep.lengths[BenchSweep.lengths.count - 1]) with eight heads of dimension 64, full and causal unless \
      --mask says otherwise, and draws it.

      Each back end warms up until its memory is resident; then the back ends take turns. GFLOP/s are by the median time and count \
      4 · B · Hq · Sq · Sk · (D + Dv) / 2 operations forward, half of that under a causal mask, the permitted pairs \
      under a window, 2.5 times as many backward, and 3.5 times as many for both passes. The extra memory is the growth \
      of the resident memory at its peak without the results; where that is below what the kernel's counters resolve, \
      it is the plan's prediction. The error is the greatest of the results' relative errors, \
      ‖result − reference‖ / ‖reference‖ against fp64, over rows of up to three heads (dK and dV: over one whole head, \
      of small problems only). The back end cuda is timed by events on the GPU, with all tensors in its memory; its extra \
      memory is the plan's. Where the passes use different instruction sets, both are named, as in amx+avx512; the \
      threads are those of the last pass.

      Example: flash bench --shape 1,8,8,2048,2048,64,64 --dtype bf16 --mask causal --direction backward --json
      """)

  @OptionGroup var problem: ProblemOptions

  @Option(help: "A back end; may be given several times. (default: cpu and, where it fits into memory, standard)")
  var backend: [BackendChoice] = []

  @Option(
    parsing: .unconditional,
    help: "The timed runs of each back end. (default: as many as take about a second, between 3 and 50)")
  var iterations: Int?

  @Flag(help: "Print one JSON object a line instead of the table.")
  var json = false

  @Option(
    help: "Where to draw time and memory by length as SVG. (default: flash-bench.svg for the sweep, else nowhere)")
  var svg: String?

  @Flag(
    help: ArgumentHelp(
      "Run one back end on one shape whenever a line comes on standard input, for scripts that take turns.",
      discussion: """
        Prints one JSON object when memory is warm, then one with the seconds for each line, which holds the number of \
        runs, 1 where it is empty. Ends with the input.
        """))
  var paced = false

  @Flag(name: .shortAndLong, help: "Do not report progress on standard error.")
  var quiet = false

  func validate() throws {
    if let iterations, iterations < 1 {
      throw ValidationError("--iterations: was \(iterations), expected at least 1")
    }
    if paced && (problem.shapes.count != 1 || backend.count != 1) {
      throw ValidationError("--paced: expected exactly one --shape and one --backend")
    }
    if paced && (iterations != nil || svg != nil) {
      throw ValidationError("--paced: the input says how often to run, and nothing is drawn")
    }
  }

  func run() throws {
    let entries = try entries()
    Allocator.keepFreedMemory()
    if paced {
      for entry in entries {
        for options in entry.contenders { try PacedBench(benchCase: entry.benchCase, options: options).run() }
      }
      return
    }
    let drawing = svg ?? (problem.shapes.isEmpty ? "flash-bench.svg" : nil)
    if let drawing { try TextFile.requireWritable(drawing) }
    let progress = BenchProgress(isQuiet: quiet, isTerminal: StandardError.isTerminal)
    let runner = BenchRunner(iterations: iterations, progress: progress)

    var measurements: [BenchMeasurement] = []
    var heading: String?
    for entry in entries {
      let measured = try runner.measure(entry.benchCase, entry.contenders)
      measurements += measured
      progress.clear()
      if json {
        for measurement in measured { try StandardOutput.writeLine(measurement.json.description) }
        continue
      }
      if heading != entry.benchCase.heading {
        let blank = heading == nil ? "" : "\n"
        try StandardOutput.writeLine("\(blank)\(entry.benchCase.heading)\n\(BenchTable.header)")
        heading = entry.benchCase.heading
      }
      for outcome in measured.map(BenchOutcome.measured) + entry.skipped {
        try StandardOutput.writeLine(BenchTable.line(outcome, of: entry.benchCase))
      }
    }
    if let drawing {
      try TextFile.write(BenchChart.svg(measurements), to: drawing)
      if !json { try StandardOutput.writeLine("\ndrawn to \(drawing)") }
    }
  }

  /// A case with the back ends that take part and those that cannot.
  private struct Entry {
    let benchCase: BenchCase
    var contenders: [ExecutionOptions] = []
    var skipped: [BenchOutcome] = []
  }

  /// All cases, planned before anything is run, so that what cannot run is said at once.
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where a back end that was asked for cannot serve a case.
  private func entries() throws -> [Entry] {
    let asked = backend.map(\.backend)
    return try cases().map { benchCase in
      var entry = Entry(benchCase: benchCase)
      for backend in asked.isEmpty ? [.cpu, .standard] : asked {
        let options = problem.execution.options(backend: backend)
        do {
          _ = try benchCase.plans(options)
          entry.contenders.append(options)
        } catch AttentionError.unavailable(_, let reason) where asked.isEmpty && backend == .standard {
          entry.skipped.append(.skipped(.standard, reason: reason))
        }
      }
      return entry
    }
  }

  private func cases() throws -> [BenchCase] {
    let isSweep = problem.shapes.isEmpty
    let selection = problem.mask.selection
    let wantsBothMasks = isSweep && problem.mask.choice == nil && selection.window == nil
    let masks = wantsBothMasks ? [selection, MaskSelection(choice: .causal, window: nil)] : [selection]
    let shapes = isSweep ? try BenchSweep.shapes() : problem.shapes
    return masks.flatMap { mask in
      shapes.map { shape in
        BenchCase(shape: shape, elementType: problem.elementType, mask: mask, direction: problem.direction)
      }
    }
  }
}
