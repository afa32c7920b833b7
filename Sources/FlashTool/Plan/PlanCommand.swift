import ArgumentParser
import FlashAttention

/// `flash plan`: how a call would be computed, and what that would cost.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Explain how a problem would be computed: back end, tiles, bytes moved, memory, and what was refused.",
    discussion: """
      Nothing is computed: a plan is a function of the problem and the machine, or of the problem and a GPU, which need \
      not be there. Without --shape, the problem is \(defaultShape).

      Examples: flash plan --shape 1,32,8,4096,4096,128,128 --dtype bf16 --mask causal
                flash plan --shape 1,32,8,4096,4096,128,128 --dtype bf16 --device sm_90 --emit-ptx attend.ptx
      """)

  /// Eight heads of dimension 64 over 4096 tokens.
  private static let defaultShape = "1,8,8,4096,4096,64,64"

  @OptionGroup var problem: ProblemOptions

  @Option(help: "The back end. cuda plans for --device cuda.")
  var backend = BackendChoice.auto

  @Option(
    help: ArgumentHelp(
      "Plan for a GPU: an architecture, or cuda for the one of this machine. (default: plan for the processor)",
      discussion: "Planning for an architecture needs neither a GPU nor a driver.", valueName: "device"))
  var device: DeviceArgument?

  @Option(
    name: .customLong("emit-ptx"),
    help: ArgumentHelp(
      "Write the PTX text of the kernel that --device would load; - is standard output, without the explanation.",
      discussion: """
        Where a second kernel merges parts of the keys, it goes into a file beside it: k.combine.ptx for k.ptx.
        """, valueName: "file"))
  var ptxOutput: PTXOutput?

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func validate() throws {
    if device != nil && (backend == .cpu || backend == .standard) {
      throw ValidationError("--device: was given with --backend \(backend.rawValue), expected --backend cuda or auto")
    }
    if ptxOutput != nil && chosenDevice == nil {
      throw ValidationError("--emit-ptx: expected --device as well")
    }
    if ptxOutput != nil && problem.shapes.count > 1 {
      throw ValidationError("--emit-ptx: expected at most one --shape")
    }
  }

  func run() throws {
    let mask = try problem.mask.mask()
    let shapes = problem.shapes.isEmpty ? [try ShapeArgument(parsing: Self.defaultShape).shape] : problem.shapes
    let descriptors = try shapes.map { try problem.descriptor($0, mask: mask) }
    if let chosenDevice {
      try explain(descriptors, on: chosenDevice)
    } else {
      try explain(descriptors)
    }
  }

  private var chosenDevice: DeviceArgument? { device ?? (backend == .cuda ? .ofMachine : nil) }

  private func explain(_ descriptors: [AttentionDescriptor]) throws {
    let options = problem.execution.options(backend: backend.backend)
    var explanations: [PlanExplanation] = []
    for descriptor in descriptors {
      for direction in problem.direction.passes {
        explanations.append(
          PlanExplanation(
            plan: try AttentionPlan(
              descriptor, direction, options: options, deviceRefusal: CUDADevices.refusal)))
      }
    }
    try write(explanations.map { json ? $0.json.description : $0.description })
  }

  private func explain(_ descriptors: [AttentionDescriptor], on device: DeviceArgument) throws {
    // What no device can do is said before one is looked for.
    for descriptor in descriptors {
      for direction in problem.direction.passes { try CUDAAttentionPlan.check(descriptor, direction) }
    }
    let traits = try device.traits()
    let plans = try descriptors.map { try CUDAAttentionPlan($0, on: traits) }
    if let ptxOutput {
      for plan in plans { try ptxOutput.write(plan) }
      if ptxOutput == .standardOutput { return }
    }
    let explanations = plans.map(DevicePlanExplanation.init)
    try write(explanations.map { json ? $0.json.description : $0.description })
  }

  private func write(_ explanations: [String]) throws {
    try StandardOutput.writeLine(explanations.joined(separator: json ? "\n" : "\n\n"))
  }
}
