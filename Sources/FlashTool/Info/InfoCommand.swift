import ArgumentParser
import FlashAttention

/// `flash info`: what this machine can run.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show processor, caches, instruction sets and devices, what is usable and why not.",
    discussion: "Example: flash info --json")

  @Flag(help: "Print one JSON object on one line.")
  var json = false

  func run() throws {
    let machine = MachineDescription(
      processor: .current, modelName: MachineDescription.currentModelName(),
      devices: DeviceListing(CUDADevices.found))
    try StandardOutput.writeLine(json ? machine.json.description : machine.description)
  }
}
