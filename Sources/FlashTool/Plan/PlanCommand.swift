import ArgumentParser
import FlashAttention

/// `flash plan`: how a call would be computed, and what that would cost.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Explain how a problem would be computed: back end, tiles, bytes moved, memory, and what was refused.",
    discussion: """
      Nothing is computed: a plan is a function of the problem and the machine. Without --shape, the problem is \
      \(defaultShape).

      Example: flash plan --shape 1,32,8,4096,4096,128,128 --dtype bf16 --mask causal
      """)

  /// Eight heads of dimension 64 over 4096 tokens.
  private static let defaultShape = "1,8,8,4096,4096,64,64"

  @OptionGroup var problem: ProblemOptions

  @Option(help: "The back end.")
  var backend = BackendChoice.auto

  @Flag(help: "Print one JSON object a line.")
  var json = false

  func run() throws {
    let options = problem.execution.options(backend: try backend.backend())
    let mask = try problem.mask.mask()
    var explanations: [String] = []
    let shapes = problem.shapes.isEmpty ? [try ShapeArgument(parsing: Self.defaultShape).shape] : problem.shapes
    for shape in shapes {
      for direction in problem.direction.passes {
        let plan = try AttentionPlan(problem.descriptor(shape, mask: mask), direction, options: options)
        let explanation = PlanExplanation(plan: plan)
        explanations.append(json ? explanation.json.description : explanation.description)
      }
    }
    try StandardOutput.writeLine(explanations.joined(separator: json ? "\n" : "\n\n"))
  }
}
