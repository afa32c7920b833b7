import ArgumentParser
import FlashAttention

/// The options that say what the work runs on, apart from the back end.
struct ExecutionArguments: ParsableArguments {
  @Option(help: "The instruction set of the CPU kernels. (default: the fastest that the machine has)")
  var isa: InstructionSet?

  @Option(parsing: .unconditional, help: "The number of threads. (default: one per core)")
  var threads: Int?

  func validate() throws {
    if let threads, threads < 1 {
      throw ValidationError("--threads: was \(threads), expected at least 1")
    }
  }

  func options(backend: Backend?) -> ExecutionOptions {
    ExecutionOptions(backend: backend, instructionSet: isa, threads: threads)
  }
}
