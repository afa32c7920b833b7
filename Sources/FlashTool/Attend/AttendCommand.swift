import ArgumentParser
import FlashAttention

/// `flash attend`: one attention call from file to file.
struct AttendCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attend",
    abstract: "Compute attention, and its gradients, on the tensors of a safetensors file.",
    discussion: """
      The input has query [B, Hq, Sq, D], key [B, Hkv, Sk, D] and value [B, Hkv, Sk, Dv], all F32, F16 or BF16, and \
      optionally mask (BOOL or U8; what is not 0 may be attended to), bias (F32, F16 or BF16), both of a shape that \
      broadcasts to [B, Hq, Sq, Sk], and output_gradient [B, Hq, Sq, Dv].

      The output gets output [B, Hq, Sq, Dv] and log_sum_exp [B, Hq, Sq] (F32), and with --gradients query_gradient, \
      key_gradient, value_gradient, and bias_gradient where there is a bias and the back end has its gradient, which \
      standard has not. The back end cuda takes F16 and BF16, copies the tensors to the first usable GPU, and has no \
      gradients.

      Example: flash attend qkv.safetensors --output out.safetensors --mask causal --window 255,-1
      """)

  @Argument(help: ArgumentHelp("The safetensors file to read.", valueName: "input"))
  var input: String

  @Option(name: .shortAndLong, help: "The safetensors file to write, whole or not at all.")
  var output: String

  @OptionGroup var mask: MaskOptions

  @Option(parsing: .unconditional, help: "The factor of Q Kᵀ. (default: 1/√D)")
  var scale: Float?

  @Option(parsing: .unconditional, help: "The cap c of S ← c · tanh(S / c). (default: none)")
  var softcap: Float?

  @Option(help: "The back end.")
  var backend = BackendChoice.auto

  @OptionGroup var execution: ExecutionArguments

  @Flag(help: "Compute the gradients as well, given output_gradient.")
  var gradients = false

  @Flag(name: .shortAndLong, help: "Do not print the line that sums up the call.")
  var quiet = false

  func validate() throws {
    if let scale, !scale.isFinite {
      throw ValidationError("--scale: was \(scale), expected a finite number")
    }
    if let softcap, !(softcap > 0 && softcap.isFinite) {
      throw ValidationError("--softcap: was \(softcap), expected a positive, finite number")
    }
  }

  func run() throws {
    let request = AttendRequest(
      mask: try mask.mask(), scale: scale, softcap: softcap, wantsGradients: gradients,
      options: execution.options(backend: backend.backend))
    let file = try SafetensorsFile(path: input)
    let report: AttendReport
    switch try file.attentionElementType() {
    case .float32: report = try request.run(AttendInput<Float>(file, wantsGradients: gradients), writingTo: output)
    case .float16: report = try request.run(AttendInput<Float16>(file, wantsGradients: gradients), writingTo: output)
    case .bfloat16: report = try request.run(AttendInput<BFloat16>(file, wantsGradients: gradients), writingTo: output)
    }
    if !quiet { try StandardOutput.writeLine(report.description) }
  }
}
