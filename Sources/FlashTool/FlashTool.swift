import ArgumentParser
import FlashAttention

/// The command-line tool as a function from arguments to an exit status.
package enum FlashTool {
  /// The version that `flash --version` prints.
  package static let version = "0.1.0"

  /// Runs the command that the arguments name, and reports a failure in one line on standard error.
  ///
  /// - Parameter arguments: What follows the tool's name on the command line.
  /// - Returns: The status to exit with.
  package static func run(_ arguments: [String]) -> Int32 {
    do {
      var command = try FlashCommand.parseAsRoot(arguments)
      try command.run()
      return 0
    } catch {
      return report(error)
    }
  }

  private static func report(_ error: any Error) -> Int32 {
    let status = ToolStatus(error)
    if case .success = status {
      // Help and version are requests that the parser answers by throwing.
      do {
        try StandardOutput.write(FlashCommand.fullMessage(for: error) + "\n")
        return 0
      } catch {
        return report(error)
      }
    }
    let message = (error as? AttentionError)?.description ?? FlashCommand.message(for: error)
    StandardError.write("flash: \(message.onOneLine)\n")
    return status.rawValue
  }
}

struct FlashCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "flash",
    abstract: "Exact attention on tensor files, and what it costs.",
    discussion: """
      Exit status: 0 for success, 64 for wrong usage, 65 for bad data or files, 69 for a back end, a device, an \
      instruction set or memory that is not there. A failure is reported in one line on standard error.
      """,
    version: FlashTool.version,
    subcommands: [
      AttendCommand.self, BenchCommand.self, GPUCheckCommand.self, InfoCommand.self, PeakCommand.self,
      PlanCommand.self,
    ])
}
