import FlashAttention
import ReferenceAttention
import Testing

/// The exact results of a call and the errors that the contract allows.
///
/// An error is a norm of a difference over the norm of the exact result. The bound is 1e-5, or, where that is more,
/// twice the error of materialised attention in the element type plus a rounding floor: that of storing the result, and
/// for gradients that of terms that may cancel, such as dP and δ where a query sees a single key. Such a term carries
/// the rounding of its score, which grows with the scores, and δ that of the stored output.
struct Yardstick {
  struct Quantity {
    let name: String
    let exact: Tensor<Double>
    let bound: Double

    init(
      _ name: String, _ exact: Tensor<Double>, materialized: Tensor<Double>, type: AttentionElementType,
      terms: (magnitudes: Tensor<Double>, rounding: Double)? = nil
    ) {
      let scalars = exact.scalars
      let error = ErrorMeasure.relative(materialized.scalars, scalars)
      let storing = ErrorMeasure.relative(scalars.map { type.rounded($0) }, scalars)
      let norm = ErrorMeasure.norm(scalars)
      let cancelling = terms.map { $1 * ErrorMeasure.norm($0.scalars) / (norm == 0 ? 1 : norm) } ?? 0
      self.name = name
      self.exact = exact
      bound = max(1e-5, 2 * error + storing + cancelling)
    }
  }

  let output: Quantity
  let logSumExp: Quantity
  let queries: Quantity
  let keys: Quantity
  let values: Quantity
  let bias: Quantity?

  init<Element: AttentionElement>(_ inputs: AttentionInputs<Element>) throws {
    let type = Element.attentionElementType
    let exact = try inputs.reference()
    let materialized = try inputs.reference(.materialized(type))
    let forward = try exact.forward()
    output = Quantity("output", forward.output, materialized: try materialized.forward().output, type: type)
    // Always fp32, whatever the element type.
    logSumExp = Quantity(
      "log-sum-exp", forward.logSumExp, materialized: forward.logSumExp, type: .float32)
    let gradients = try exact.gradients(outputGradient: inputs.outputGradient)
    let magnitudes = try exact.gradientMagnitudes(outputGradient: inputs.outputGradient)
    let measured = try materialized.gradients(outputGradient: inputs.outputGradient)
    let largestScore = forward.logSumExp.scalars.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    let rounding = 0x1p-23 * (2 + largestScore)
    queries = Quantity(
      "query gradient", gradients.queries, materialized: measured.queries, type: type,
      terms: (magnitudes.queries, rounding))
    keys = Quantity(
      "key gradient", gradients.keys, materialized: measured.keys, type: type,
      terms: (magnitudes.keys, rounding))
    values = Quantity(
      "value gradient", gradients.values, materialized: measured.values, type: type,
      terms: (magnitudes.values, rounding))
    bias = try inputs.bias.map { bias in
      Quantity(
        "bias gradient", try gradients.scores.summed(to: bias.shape),
        materialized: try measured.scores.summed(to: bias.shape), type: .float32,
        terms: (try magnitudes.scores.summed(to: bias.shape), rounding + type.roundingError))
    }
  }

  /// The passes of a case that are held against the contract.
  enum Passes {
    case forward
    case forwardAndBackward
  }

  /// Expects that every kernel of every back end of the processor meets the contract.
  static func checkBackends(_ attentionCase: AttentionCase) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let yardstick = try Yardstick(inputs)
      for options in ExecutionOptions.everyKernel { try yardstick.check(inputs, options) }
    }
    try attentionCase.element.withType { try check($0) }
  }

  /// Expects that every kernel of the CPU back end meets the contract.
  static func checkKernels(
    _ attentionCase: AttentionCase, _ passes: Passes = .forwardAndBackward,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let yardstick = try Yardstick(inputs)
      for options in ExecutionOptions.everyKernel where options.backend == .cpu {
        switch passes {
        case .forward: yardstick.check(try inputs.forward(options), options, sourceLocation)
        case .forwardAndBackward: try yardstick.check(inputs, options, sourceLocation: sourceLocation)
        }
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  /// Expects that a back end meets the contract.
  func check<Element: AttentionElement>(
    _ inputs: AttentionInputs<Element>, _ options: ExecutionOptions,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let forward = try inputs.forward(options)
    let gradients = try inputs.gradients(options, after: forward)
    check(forward, options, sourceLocation)
    check(queries, gradients.queries, options, sourceLocation)
    check(keys, gradients.keys, options, sourceLocation)
    check(values, gradients.values, options, sourceLocation)
    if let bias, options.backend != .standard {
      check(bias, try #require(gradients.bias, sourceLocation: sourceLocation), options, sourceLocation)
    }
  }

  /// Expects that a back end's forward pass meets the contract.
  func checkForward<Element: AttentionElement>(
    _ inputs: AttentionInputs<Element>, _ options: ExecutionOptions, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    check(try inputs.forward(options), options, sourceLocation)
  }

  func check<Element: AttentionElement>(
    _ forward: AttentionResult<Element>, _ options: ExecutionOptions, _ sourceLocation: SourceLocation
  ) {
    check(output, forward.output, options, sourceLocation)
    check(logSumExp, forward.logSumExp, options, sourceLocation)
  }

  private func check(
    _ quantity: Quantity, _ result: some StridedTensor<some AttentionElement>, _ options: ExecutionOptions,
    _ sourceLocation: SourceLocation
  ) {
    let error = ErrorMeasure.relative(result, quantity.exact)
    #expect(
      error <= quantity.bound, "\(quantity.name) with \(options.label): \(error) > \(quantity.bound)",
      sourceLocation: sourceLocation)
  }
}
