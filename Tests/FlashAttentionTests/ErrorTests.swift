import FlashAttention
import Testing

@Suite("Errors name the argument, what it was and what was expected")
struct ErrorTests {
  /// A call with one wrong argument.
  struct WrongCall: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What the description of the error has to contain.
    let words: [String]
    let call: @Sendable () throws -> Void
  }

  private static func zeros(_ shape: Int...) throws -> Tensor<Float> { try Tensor(repeating: 0, shape: shape) }

  /// A call whose arguments all fit unless replaced.
  private static func attend(
    queries: [Int] = [1, 4, 5, 8], keys: [Int] = [1, 2, 6, 8], values: [Int] = [1, 2, 6, 3], scale: Float? = nil,
    booleanMask: [Int]? = nil, bias: [Int]? = nil, softcap: Float? = nil,
    options: ExecutionOptions = ExecutionOptions()
  ) throws {
    _ = try scaledDotProductAttention(
      queries: Tensor<Float>(repeating: 0, shape: queries), keys: Tensor<Float>(repeating: 0, shape: keys),
      values: Tensor<Float>(repeating: 0, shape: values), scale: scale,
      booleanMask: try booleanMask.map { try Tensor(repeating: true, shape: $0).view },
      bias: try bias.map { AttentionBias(try Tensor<Float>(repeating: 0, shape: $0)) }, softcap: softcap,
      options: options)
  }

  private static func differentiate(
    outputGradient: [Int] = [1, 4, 5, 3], output: [Int]? = nil, logSumExp: [Int] = [1, 4, 5], biasGradient: Bool = false
  ) throws {
    _ = try scaledDotProductAttentionGradient(
      queries: zeros(1, 4, 5, 8), keys: zeros(1, 2, 6, 8), values: zeros(1, 2, 6, 3),
      outputGradient: Tensor<Float>(repeating: 0, shape: outputGradient),
      forward: try output.map {
        AttentionResult(
          output: try Tensor<Float>(repeating: 0, shape: $0), logSumExp: try Tensor(repeating: 0, shape: logSumExp))
      }, biasGradient: biasGradient)
  }

  @Test("A call whose arguments fit throws nothing")
  func fitting() throws {
    try Self.attend()
    try Self.attend(booleanMask: [6], bias: [4, 1, 6])
    try Self.differentiate(output: [1, 4, 5, 3])
  }

  static let wrongCalls = [
    WrongCall(testDescription: "queries of rank 3", words: ["queries", "[4, 5, 8]", "[B, Hq, Sq, D]"]) {
      try attend(queries: [4, 5, 8])
    },
    WrongCall(testDescription: "keys of rank 5", words: ["keys", "[1, 1, 2, 6, 8]", "[B, Hkv, Sk, D]"]) {
      try attend(keys: [1, 1, 2, 6, 8])
    },
    WrongCall(testDescription: "values of rank 2", words: ["values", "[6, 3]", "[B, Hkv, Sk, Dv]"]) {
      try attend(values: [6, 3])
    },
    WrongCall(testDescription: "another batch in the keys", words: ["keys", "[2, 2, 6, 8]", "[1, any, any, 8]"]) {
      try attend(keys: [2, 2, 6, 8])
    },
    WrongCall(testDescription: "another dimension in the keys", words: ["keys", "[1, 2, 6, 7]", "[1, any, any, 8]"]) {
      try attend(keys: [1, 2, 6, 7])
    },
    WrongCall(testDescription: "another batch in the values", words: ["values", "[3, 2, 6, 3]", "[1, 2, 6, any]"]) {
      try attend(values: [3, 2, 6, 3])
    },
    WrongCall(testDescription: "other heads in the values", words: ["values", "[1, 4, 6, 3]", "[1, 2, 6, any]"]) {
      try attend(values: [1, 4, 6, 3])
    },
    WrongCall(testDescription: "another length of the values", words: ["values", "[1, 2, 7, 3]", "[1, 2, 6, any]"]) {
      try attend(values: [1, 2, 7, 3])
    },
    WrongCall(testDescription: "heads that do not divide", words: ["query heads", "3", "multiple of the 2"]) {
      try attend(queries: [1, 3, 5, 8])
    },
    WrongCall(testDescription: "query heads without key/value heads", words: ["query heads", "4", "multiple of the 0"])
    {
      try attend(keys: [1, 0, 6, 8], values: [1, 0, 6, 3])
    },
    WrongCall(testDescription: "an empty head dimension", words: ["head dimension", "0", "at least 1"]) {
      try attend(queries: [1, 4, 5, 0], keys: [1, 2, 6, 0])
    },
    WrongCall(testDescription: "an empty value dimension", words: ["value dimension", "0", "at least 1"]) {
      try attend(values: [1, 2, 6, 0])
    },
    WrongCall(testDescription: "a mask that does not broadcast", words: ["booleanMask", "[5, 5]", "[1, 4, 5, 6]"]) {
      try attend(booleanMask: [5, 5])
    },
    WrongCall(testDescription: "a mask per key/value head", words: ["booleanMask", "[2, 5, 6]", "[1, 4, 5, 6]"]) {
      try attend(booleanMask: [2, 5, 6])
    },
    WrongCall(testDescription: "a bias of rank 5", words: ["bias", "[1, 1, 4, 5, 6]", "[1, 4, 5, 6]"]) {
      try attend(bias: [1, 1, 4, 5, 6])
    },
    WrongCall(testDescription: "a scale that is not a number", words: ["scale", "nan", "finite"]) {
      try attend(scale: .nan)
    },
    WrongCall(testDescription: "an infinite scale", words: ["scale", "inf", "finite"]) {
      try attend(scale: .infinity)
    },
    WrongCall(testDescription: "a softcap of 0", words: ["softcap", "0.0", "positive"]) { try attend(softcap: 0) },
    WrongCall(testDescription: "a negative softcap", words: ["softcap", "-1.0", "positive"]) {
      try attend(softcap: -1)
    },
    WrongCall(testDescription: "a softcap beyond fp32's range of quotients", words: ["softcap", "2^100"]) {
      try attend(softcap: .greatestFiniteMagnitude)
    },
    WrongCall(testDescription: "a softcap that is not a number", words: ["softcap", "nan", "positive"]) {
      try attend(softcap: .nan)
    },
    WrongCall(testDescription: "no threads", words: ["threads", "0", "at least 1"]) {
      try attend(options: ExecutionOptions(threads: 0))
    },
    WrongCall(testDescription: "a negative window to the left", words: ["window left", "-1", "at least 0"]) {
      _ = try AttentionMask.slidingWindow(left: -1, right: 3, .topLeft)
    },
    WrongCall(testDescription: "a negative window to the right", words: ["window right", "-7", "at least 0"]) {
      _ = try AttentionMask.causal(.bottomRight).window(left: nil, right: -7)
    },
    WrongCall(testDescription: "a negative length", words: ["key length", "-1", "at least 0"]) {
      _ = try AttentionShape(
        batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 1, keyLength: -1, headDimension: 1, valueDimension: 1)
    },
    WrongCall(
      testDescription: "an output gradient of another shape", words: ["outputGradient", "[1, 4, 5, 8]", "[1, 4, 5, 3]"]
    ) {
      try differentiate(outputGradient: [1, 4, 5, 8])
    },
    WrongCall(
      testDescription: "a forward output of another shape", words: ["forward.output", "[1, 2, 5, 3]", "[1, 4, 5, 3]"]
    ) {
      try differentiate(output: [1, 2, 5, 3])
    },
    WrongCall(
      testDescription: "a log-sum-exp of another shape", words: ["forward.logSumExp", "[1, 4, 6]", "[1, 4, 5]"]
    ) {
      try differentiate(output: [1, 4, 5, 3], logSumExp: [1, 4, 6])
    },
    WrongCall(testDescription: "a bias gradient without a bias", words: ["biasGradient", "true", "no bias is given"]) {
      try differentiate(biasGradient: true)
    },
  ]

  /// A planned call whose arguments all fit unless replaced.
  private static func attendAsPlanned(
    queries: [Int] = [1, 4, 5, 8], keys: [Int] = [1, 2, 6, 8], values: [Int] = [1, 2, 6, 3],
    booleanMask: [Int]? = [6], bias: [Int]? = [5, 6], hasBooleanMask: Bool = true,
    biasType: AttentionElementType? = .float32, elementType: AttentionElementType = .float32,
    direction: AttentionDirection = .forward
  ) throws {
    let plan = try AttentionPlan(
      AttentionDescriptor(
        shape: AttentionShape(
          batch: 1, queryHeads: 4, keyValueHeads: 2, queryLength: 5, keyLength: 6, headDimension: 8, valueDimension: 3),
        elementType: elementType, hasBooleanMask: hasBooleanMask, biasType: biasType), direction)
    _ = try plan.attend(
      queries: Tensor<Float>(repeating: 0, shape: queries), keys: Tensor<Float>(repeating: 0, shape: keys),
      values: Tensor<Float>(repeating: 0, shape: values),
      booleanMask: try booleanMask.map { try Tensor(repeating: true, shape: $0).view },
      bias: try bias.map { AttentionBias(try Tensor<Float>(repeating: 0, shape: $0)) })
  }

  @Test("A planned call whose arguments fit throws nothing")
  func fittingPlan() throws {
    try Self.attendAsPlanned()
  }

  static let wrongPlannedCalls = [
    WrongCall(testDescription: "other queries", words: ["queries", "[1, 4, 7, 8]", "[B, Hq, Sq, D] = [1, 4, 5, 8]"]) {
      try attendAsPlanned(queries: [1, 4, 7, 8])
    },
    WrongCall(testDescription: "queries of rank 3", words: ["queries", "[4, 5, 8]", "[1, 4, 5, 8]"]) {
      try attendAsPlanned(queries: [4, 5, 8])
    },
    WrongCall(testDescription: "other keys", words: ["keys", "[1, 2, 7, 8]", "[B, Hkv, Sk, D] = [1, 2, 6, 8]"]) {
      try attendAsPlanned(keys: [1, 2, 7, 8])
    },
    WrongCall(testDescription: "other values", words: ["values", "[1, 2, 6, 4]", "[B, Hkv, Sk, Dv] = [1, 2, 6, 3]"]) {
      try attendAsPlanned(values: [1, 2, 6, 4])
    },
    WrongCall(testDescription: "another element type", words: ["queries", "type f32", "bf16, for which the plan"]) {
      try attendAsPlanned(elementType: .bfloat16)
    },
    WrongCall(testDescription: "a mask that was not planned", words: ["booleanMask", "a mask", "nil, for which"]) {
      try attendAsPlanned(hasBooleanMask: false)
    },
    WrongCall(testDescription: "no mask where one was planned", words: ["booleanMask", "nil", "a mask, for which"]) {
      try attendAsPlanned(booleanMask: nil)
    },
    WrongCall(testDescription: "a mask that does not broadcast", words: ["booleanMask", "[5]", "[1, 4, 5, 6]"]) {
      try attendAsPlanned(booleanMask: [5])
    },
    WrongCall(testDescription: "a bias that was not planned", words: ["bias", "a bias of type f32", "nil, for which"]) {
      try attendAsPlanned(biasType: nil)
    },
    WrongCall(
      testDescription: "no bias where one was planned", words: ["bias", "nil", "a bias of type f32, for which"]
    ) {
      try attendAsPlanned(bias: nil)
    },
    WrongCall(testDescription: "a bias of another type", words: ["bias", "of type f32", "of type f16, for which"]) {
      try attendAsPlanned(biasType: .float16)
    },
    WrongCall(testDescription: "a bias that does not broadcast", words: ["bias", "[4, 6]", "[1, 4, 5, 6]"]) {
      try attendAsPlanned(bias: [4, 6])
    },
    WrongCall(testDescription: "the plan of a backward pass", words: ["plan", "a backward pass", "a forward pass"]) {
      try attendAsPlanned(direction: .backward)
    },
  ]

  @Test("A wrong argument is named", arguments: wrongCalls + wrongPlannedCalls)
  func wrongArgument(wrong: WrongCall) {
    let error = #expect(throws: AttentionError.self) { try wrong.call() }
    let description = error?.description ?? ""
    for word in wrong.words { #expect(description.contains(word)) }
    #expect(description.hasPrefix(wrong.words[0] + ": was "))
    #expect(!description.contains("\n"))
  }
}
