import ArgumentParser
import FlashAttention

/// `flash peak`: the ceilings that speed is compared with.
struct PeakCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak",
    abstract: "Measure what the machine can do at most: arithmetic in registers, reading from each level of memory.",
    discussion: """
      All threads are measured at once, and figures are those of all threads together, the best of several trials. A \
      multiply-add counts as two operations, and a dot product of two pairs added to a sum as four. Main memory is read \
      in a buffer several times the size of the last-level cache.

      Example: flash peak --threads 1 --json
      """)

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Print one JSON object on one line.")
  var json = false

  func validate() throws {
    let cores = Processor.current.cores
    if let threads = execution.threads, threads > cores {
      throw ValidationError("--threads: was \(threads), expected at most one for each core, \(cores)")
    }
  }

  func run() throws {
    if let isa = execution.isa, let reason = isa.refusal {
      throw AttentionError.unavailable("instruction set \(isa.rawValue)", reason: reason)
    }
    let fastest = InstructionSet.usable.last ?? .portable
    let ceilings = MachineCeilings(
      measuring: execution.isa ?? fastest, threads: execution.threads ?? Processor.current.cores)
    let report = PeakReport(ceilings: ceilings)
    try StandardOutput.writeLine(json ? report.json.description : report.description)
  }
}
