import FlashAttention
import ReferenceAttention

/// The data of an ``AttentionCase`` in an element type, and the calls on it.
struct AttentionInputs<Element: AttentionElement>: Sendable {
  let attentionCase: AttentionCase
  var queries: TensorView<Element>
  var keys: TensorView<Element>
  var values: TensorView<Element>
  var outputGradient: TensorView<Element>
  var booleanMask: TensorView<Bool>?
  var bias: AttentionBias?
  var exactBias: Tensor<Double>?

  init(_ attentionCase: AttentionCase) throws {
    let shape = attentionCase.shape
    let seed = attentionCase.seed &* 1000
    self.attentionCase = attentionCase
    queries = try Tensor<Element>.random(shape.queries, seed: seed + 1).view
    keys = try Tensor<Element>.random(shape.keys, seed: seed + 2).view
    values = try Tensor<Element>.random(shape.values, seed: seed + 3).view
    outputGradient = try Tensor<Element>.random(shape.output, seed: seed + 4).view
    booleanMask = try attentionCase.booleanMask?.tensor(shape, seed: seed + 5).view
    if let form = attentionCase.bias {
      let (bias, exact) = try form.tensors(shape, seed: seed + 6)
      self.bias = bias
      exactBias = exact
    }
  }

  func forward(_ options: ExecutionOptions = ExecutionOptions()) throws -> AttentionResult<Element> {
    try scaledDotProductAttention(
      queries: queries, keys: keys, values: values, scale: attentionCase.scale, mask: attentionCase.mask,
      booleanMask: booleanMask, bias: bias, softcap: attentionCase.softcap, options: options)
  }

  /// The gradients; that of the bias as well where there is one and the back end has it.
  func gradients(
    _ options: ExecutionOptions = ExecutionOptions(), after forward: AttentionResult<Element>? = nil
  ) throws -> AttentionGradients<Element> {
    try scaledDotProductAttentionGradient(
      queries: queries, keys: keys, values: values, outputGradient: outputGradient, forward: forward,
      scale: attentionCase.scale, mask: attentionCase.mask, booleanMask: booleanMask, bias: bias,
      softcap: attentionCase.softcap, biasGradient: bias != nil && options.backend != .standard, options: options)
  }

  func reference(_ precision: ReferenceAttention.Precision = .exact) throws -> ReferenceAttention {
    try ReferenceAttention(
      queries: queries, keys: keys, values: values, scale: attentionCase.scale, softcap: attentionCase.softcap,
      mask: attentionCase.mask, booleanMask: booleanMask, bias: exactBias, precision: precision)
  }
}

extension AttentionElementType {
  /// The largest relative error of rounding to the type.
  var roundingError: Double {
    switch self {
    case .float32: 0x1p-24
    case .float16: 0x1p-11
    case .bfloat16: 0x1p-8
    }
  }

  /// Calls `body` with the type itself.
  func withType<Result>(_ body: (any AttentionElement.Type) throws -> Result) rethrows -> Result {
    switch self {
    case .float32: try body(Float.self)
    case .float16: try body(Float16.self)
    case .bfloat16: try body(BFloat16.self)
    }
  }
}

extension ExecutionOptions {
  /// Every back end of the processor with every instruction set of this machine.
  static var everyKernel: [ExecutionOptions] {
    ProcessorBackend.allCases.flatMap { backend in
      InstructionSet.usable.map { ExecutionOptions(backend: backend.backend, instructionSet: $0, threads: 2) }
    }
  }

  var label: String { "\(backend?.rawValue ?? "auto") \(instructionSet?.rawValue ?? "auto")" }
}
