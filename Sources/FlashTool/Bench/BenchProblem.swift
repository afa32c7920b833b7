import FlashAttention

/// The data of a case, and how it is run.
struct BenchProblem<Element: AttentionElement> {
  let benchCase: BenchCase
  let mask: AttentionMask
  let queries: Tensor<Element>
  let keys: Tensor<Element>
  let values: Tensor<Element>
  /// Nil where no gradients are computed.
  let outputGradient: Tensor<Element>?

  /// What a run returns: what its direction asks for.
  struct Results {
    var forward: AttentionResult<Element>?
    var gradients: AttentionGradients<Element>?
  }

  /// Makes repeatable random data of mean 0 and variance 1.
  init(_ benchCase: BenchCase) throws {
    self.benchCase = benchCase
    let shape = benchCase.shape
    mask = try benchCase.mask.mask()
    var generator = UniformNumbers(seed: 0x5eed)
    queries = try Tensor(generator.numbers(MemoryCheck.count(shape.queries)), shape: shape.queries)
    keys = try Tensor(generator.numbers(MemoryCheck.count(shape.keys)), shape: shape.keys)
    values = try Tensor(generator.numbers(MemoryCheck.count(shape.values)), shape: shape.values)
    outputGradient =
      benchCase.direction == .forward
      ? nil : try Tensor(generator.numbers(MemoryCheck.count(shape.output)), shape: shape.output)
  }

  /// Runs the passes of the case's direction.
  ///
  /// - Parameter stored: The result of the forward pass, where only the gradient is wanted.
  func run(_ options: ExecutionOptions, stored: AttentionResult<Element>?) throws -> Results {
    var results = Results()
    if benchCase.direction != .backward { results.forward = try forward(options) }
    if let outputGradient {
      results.gradients = try scaledDotProductAttentionGradient(
        queries: queries, keys: keys, values: values, outputGradient: outputGradient,
        forward: stored ?? results.forward, mask: mask, options: options)
    }
    return results
  }

  func forward(_ options: ExecutionOptions) throws -> AttentionResult<Element> {
    try scaledDotProductAttention(queries: queries, keys: keys, values: values, mask: mask, options: options)
  }
}

/// A repeatable source of numbers of mean 0 and variance 1: SplitMix64, uniform on ±√3.
struct UniformNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func numbers<Element: AttentionElement>(_ count: Int) -> [Element] {
    (0..<count).map { _ in Element(Float(next() >> 40) * (0x1p-23 * 1.7320508) - 1.7320508) }
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
