import FlashAttention
import ReferenceAttention
import Testing

/// What a NaN or an infinity in one row of an input may change, and what not.
@Suite("Forbidden positions")
struct ForbiddenPositionTests {
  /// The input that holds the poison.
  enum Input: String, CaseIterable, Sendable { case queries, keys, values, outputGradient }

  static let cases = [
    AttentionCase(heads: (2, 1), lengths: (70, 130), dimensions: (16, 9), mask: .causal(.bottomRight)),
    AttentionCase(heads: (2, 2), lengths: (130, 70), dimensions: (17, 24), mask: .causal(.bottomRight), softcap: 3),
    AttentionCase(
      lengths: (110, 110), dimensions: (8, 8), mask: try! .slidingWindow(left: 9, right: 4, .topLeft)),
    AttentionCase(
      heads: (2, 1), lengths: (60, 110), dimensions: (16, 16),
      booleanMask: BooleanMaskForm(form: .whole, forbidsRows: true)),
    AttentionCase(
      heads: (2, 1), lengths: (60, 110), dimensions: (16, 16), booleanMask: BooleanMaskForm(form: .overQueries)),
    AttentionCase(
      heads: (2, 1), lengths: (60, 70), dimensions: (16, 16), bias: BiasForm(form: .whole, forbids: true)),
    AttentionCase(
      heads: (2, 1), lengths: (60, 70), dimensions: (16, 16), element: .bfloat16,
      bias: BiasForm(form: .row, forbids: true), softcap: 3),
    AttentionCase(
      heads: (4, 2), lengths: (5, 110), dimensions: (33, 16), element: .float16, mask: .causal(.topLeft)),
    // Several lane groups in an item, of which one holds the poison, and nothing is forbidden.
    AttentionCase(heads: (2, 1), lengths: (48, 64), dimensions: (64, 64), element: .float16),
    AttentionCase(
      lengths: (110, 130), dimensions: (32, 40), element: .float16,
      mask: try! .slidingWindow(left: 19, right: 21, .bottomRight)),
    // One query of each head, whose keys begin within a step of the matrix unit.
    AttentionCase(
      heads: (16, 1), lengths: (1, 40), dimensions: (64, 64), element: .bfloat16,
      mask: try! .slidingWindow(left: 10, right: 0, .bottomRight)),
    AttentionCase(
      lengths: (90, 130), dimensions: (32, 40), element: .bfloat16,
      mask: try! .slidingWindow(left: 19, right: 21, .bottomRight)),
    // Few rows.
    AttentionCase(heads: (2, 2), lengths: (3, 110), dimensions: (32, 64), mask: .causal(.topLeft), softcap: 3),
    AttentionCase(heads: (2, 2), lengths: (67, 70), dimensions: (64, 32), mask: .causal(.topLeft)),
    AttentionCase(
      heads: (4, 1), lengths: (2, 110), dimensions: (32, 32), booleanMask: BooleanMaskForm(form: .whole)),
    AttentionCase(
      heads: (5, 1), lengths: (1, 110), dimensions: (32, 64), element: .bfloat16,
      bias: BiasForm(form: .whole, forbids: true)),
  ]

  /// Against zeros in the same place, to the bit.
  @Test("NaN and infinities reach only the rows that may see them", arguments: cases, Input.allCases)
  func reach(attentionCase: AttentionCase, input: Input) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      for poison in [Element.nan, .infinity, -.infinity] {
        for row in [4, 63] {
          try Poisoning<Element>(attentionCase, input, row: row, poison).check(tolerance: 0)
        }
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  @Test(
    "NaN in a bias reaches only the row that holds it, and not from a forbidden position",
    arguments: ExecutionOptions.everyKernel)
  func bias(options: ExecutionOptions) throws {
    var inputs = try AttentionInputs<Float>(
      AttentionCase(lengths: (60, 70), dimensions: (16, 16), mask: .causal(.topLeft)))
    let clean = try Tensor<Float>.random([60, 70], seed: 3)
    inputs.bias = AttentionBias(clean)
    let expected = try inputs.forward(options)
    var poisoned = clean
    poisoned[10, 40] = .nan
    inputs.bias = AttentionBias(poisoned)
    #expect(try Bits(inputs, options).results.allSatisfy { !$0.elements.contains { $0.isNaN } })
    poisoned[10, 4] = .nan
    inputs.bias = AttentionBias(poisoned)
    let result = try inputs.forward(options)
    for row in 0..<60 {
      let elements = try result.output.view.sliced(2, row..<row + 1).scalars
      let clean = try expected.output.view.sliced(2, row..<row + 1).scalars
      #expect(row == 10 ? elements.allSatisfy { $0.isNaN } : elements == clean)
    }
  }

  @Test("A huge number reaches only the rows that may see it, to the bit", arguments: cases, Input.allCases)
  func hugeNumber(attentionCase: AttentionCase, input: Input) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      for row in [4, 63] {
        try Poisoning<Element>(attentionCase, input, row: row, 10_000).check(tolerance: 0)
      }
    }
    try attentionCase.element.withType { try check($0) }
  }
}

/// One call with poison in a row of an input, and the same call with zeros there.
struct Poisoning<Element: AttentionElement> {
  let permissions: Permissions
  let shape: AttentionShape
  let input: ForbiddenPositionTests.Input
  let row: Int
  let poison: Element
  var clean: AttentionInputs<Element>
  var poisoned: AttentionInputs<Element>

  init(_ attentionCase: AttentionCase, _ input: ForbiddenPositionTests.Input, row: Int, _ poison: Element) throws {
    let inputs = try AttentionInputs<Element>(attentionCase)
    permissions = try Permissions(inputs)
    shape = attentionCase.shape
    self.input = input
    self.row = min(row, (input == .keys || input == .values ? shape.keyLength : shape.queryLength) - 1)
    self.poison = poison
    clean = inputs
    poisoned = inputs
    let path: WritableKeyPath<AttentionInputs<Element>, TensorView<Element>> =
      switch input {
      case .queries: \.queries
      case .keys: \.keys
      case .values: \.values
      case .outputGradient: \.outputGradient
      }
    clean[keyPath: path] = try Self.filling(inputs[keyPath: path], row: self.row, with: 0)
    poisoned[keyPath: path] = try Self.filling(inputs[keyPath: path], row: self.row, with: poison)
  }

  /// Fills one row of the first head of the first batch.
  private static func filling(
    _ view: TensorView<Element>, row: Int, with value: Element
  ) throws -> TensorView<Element> {
    var tensor = Tensor(copying: view)
    for column in 0..<tensor.shape[3] { tensor[0, 0, row, column] = value }
    return tensor.view
  }

  /// Whether a query may be touched by the poison.
  private func reaches(batch: Int, head: Int, query: Int) -> Bool {
    if batch > 0 { return false }
    return switch input {
    case .queries, .outputGradient: head == 0 && query == row
    case .keys, .values:
      head < shape.headsPerGroup && permissions.permits(batch: 0, head: head, query: query, key: row)
    }
  }

  /// - Parameter head: A query head, counted over all batches.
  private func permits(_ head: Int, query: Int, key: Int) -> Bool {
    permissions.permits(batch: head / shape.queryHeads, head: head % shape.queryHeads, query: query, key: key)
  }

  func check(tolerance: Double) throws {
    let reached = (0..<shape.batch * shape.queryHeads).map { head in
      let (batch, head) = head.quotientAndRemainder(dividingBy: shape.queryHeads)
      return (0..<shape.queryLength).map { reaches(batch: batch, head: head, query: $0) }
    }
    // A key is touched through a query that is touched and may see it.
    let reachedKeys = (0..<shape.batch * shape.keyValueHeads).map { group in
      (0..<shape.keyLength).map { key in
        (group * shape.headsPerGroup..<(group + 1) * shape.headsPerGroup).contains { head in
          (0..<shape.queryLength).contains { reached[head][$0] && permits(head, query: $0, key: key) }
        }
      }
    }
    // What ∂L/∂O holds says nothing about the forward pass.
    let reachedRows = input == .outputGradient ? reached.map { $0.map { _ in false } } : reached
    for options in ExecutionOptions.everyKernel {
      let forward = try poisoned.forward(options)
      let gradients = try poisoned.gradients(options, after: forward)
      let cleanForward = try clean.forward(options)
      let cleanGradients = try clean.gradients(options, after: cleanForward)
      func compare(
        _ name: String, _ result: some StridedTensor<some AttentionElement>,
        _ expected: some StridedTensor<some AttentionElement>, _ reached: [[Bool]]
      ) {
        let leak = ErrorMeasure.relative(
          result.doubles, expected.doubles, rowsOf: reached.flatMap { $0 }.map { !$0 })
        #expect(
          leak <= tolerance, "\(poison) in row \(row) of \(input) leaks \(leak) into the \(name), \(options.label)")
      }
      compare("output", forward.output, cleanForward.output, reachedRows)
      compare("log-sum-exp", forward.logSumExp, cleanForward.logSumExp, reachedRows)
      compare("query gradient", gradients.queries, cleanGradients.queries, reached)
      compare("key gradient", gradients.keys, cleanGradients.keys, reachedKeys)
      compare("value gradient", gradients.values, cleanGradients.values, reachedKeys)

      guard poison.isNaN else { continue }
      let rowsOfNaN = { (elements: [Double], columns: Int) in
        stride(from: 0, to: elements.count, by: columns).map { elements[$0..<$0 + columns].allSatisfy { $0.isNaN } }
      }
      // A row that sees nothing has nothing to turn into NaN.
      let sees = (0..<shape.batch * shape.queryHeads).map { head in
        (0..<shape.queryLength).map { query in
          (0..<shape.keyLength).contains { permits(head, query: query, key: $0) }
        }
      }
      let expected = zip(reachedRows.flatMap { $0 }, sees.flatMap { $0 }).map { $0 && $1 }
      #expect(
        rowsOfNaN(forward.output.doubles, shape.valueDimension) == expected,
        "NaN in row \(row) of \(input) must reach the rows that see it, \(options.label)")
    }
  }
}
