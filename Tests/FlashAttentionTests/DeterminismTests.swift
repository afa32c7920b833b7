import Foundation
import KernelIntrinsics
import ReferenceAttention
import Testing

@testable import FlashAttention

@Suite("Determinism")
struct DeterminismTests {
  static let cases = [
    // One head, so that all threads add to the same queries.
    AttentionCase(lengths: (700, 900), dimensions: (16, 16), mask: .causal(.bottomRight)),
    AttentionCase(lengths: (300, 1000), dimensions: (9, 8), element: .bfloat16),
    AttentionCase(batch: 2, heads: (6, 2), lengths: (200, 310), dimensions: (24, 17), softcap: 4),
    AttentionCase(heads: (5, 1), lengths: (11, 400), dimensions: (32, 32), mask: .causal(.bottomRight)),
    AttentionCase(lengths: (600, 600), dimensions: (8, 8), mask: try! .slidingWindow(left: 30, right: 99, .topLeft)),
    AttentionCase(
      lengths: (600, 600), dimensions: (64, 64), element: .bfloat16,
      mask: try! .slidingWindow(left: 30, right: 99, .topLeft)),
    AttentionCase(
      heads: (3, 3), lengths: (200, 203), dimensions: (16, 16), element: .bfloat16, mask: .causal(.bottomRight)),
    // Last keys that are one vector of lanes, alone in an item or beside others.
    AttentionCase(heads: (3, 3), lengths: (200, 203), dimensions: (48, 40), mask: .causal(.bottomRight)),
    AttentionCase(
      heads: (4, 4), lengths: (290, 297), dimensions: (48, 40), element: .float16, mask: .causal(.bottomRight)),
    AttentionCase(lengths: (64, 67), dimensions: (16, 16), mask: .causal(.bottomRight)),
    // Last queries that are few rows.
    AttentionCase(heads: (2, 1), lengths: (197, 197), dimensions: (32, 32), mask: .causal(.bottomRight)),
    // Split keys, in both forward passes.
    AttentionCase(heads: (4, 1), lengths: (1, 5000), dimensions: (32, 32)),
    AttentionCase(heads: (4, 2), lengths: (20, 3000), dimensions: (9, 8), mask: .causal(.bottomRight)),
  ]

  /// Items of a single short step that all add to the same few rows: without turns, hardly a run is right.
  static let contendedCases: [AttentionCase] = [
    AttentionCase(lengths: (40, 3000), dimensions: (8, 8)),
    AttentionCase(lengths: (90, 2500), dimensions: (3, 5), element: .float16),
    AttentionCase(heads: (4, 1), lengths: (30, 2000), dimensions: (8, 8), mask: .causal(.bottomRight)),
    AttentionCase(lengths: (60, 2500), dimensions: (8, 8), bias: BiasForm(form: .overKeys)),
    AttentionCase(lengths: (60, 2500), dimensions: (8, 8), bias: BiasForm(form: .overAll)),
    AttentionCase(batch: 6, heads: (20, 20), lengths: (30, 60), dimensions: (4, 4), bias: BiasForm(form: .matrix)),
    AttentionCase(batch: 6, heads: (20, 20), lengths: (30, 60), dimensions: (4, 4), bias: BiasForm(form: .row)),
    AttentionCase(batch: 60, heads: (4, 2), lengths: (30, 60), dimensions: (4, 4), bias: BiasForm(form: .overBatch)),
    AttentionCase(batch: 4, heads: (40, 20), lengths: (30, 60), dimensions: (4, 4), bias: BiasForm(form: .overHeads)),
  ]

  /// Every way in which items share a bias, with more than one block of keys.
  static let biasCases = BroadcastForm.allCases.map {
    AttentionCase(
      batch: 2, heads: (4, 2), lengths: (210, 330), dimensions: (8, 8), mask: .causal(.topLeft),
      bias: BiasForm(form: $0))
  }

  @Test(
    "Threads and repetitions do not change a bit", arguments: cases + biasCases + contendedCases, InstructionSet.usable)
  func threads(attentionCase: AttentionCase, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      func bits(_ threads: Int) throws -> Bits {
        try Bits(inputs, ExecutionOptions(backend: .cpu, instructionSet: set, threads: threads))
      }
      let expected = try bits(1)
      for threads in [2, 3, 7, 2, 2, 2, 2] {
        let actual = try bits(threads)
        #expect(actual == expected, "\(threads) threads: \(actual.difference(from: expected))")
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  /// Few rows on many keys: one row, four and more, rows of whole chunks and of parts of them, keys that are split or
  /// masked.
  static let readOnceCases = AttentionElementType.allCases.flatMap { element in
    [
      AttentionCase(lengths: (1, 5000), dimensions: (64, 64), element: element),
      AttentionCase(heads: (4, 1), lengths: (1, 2100), dimensions: (40, 72), element: element),
      AttentionCase(
        heads: (5, 1), lengths: (2, 1100), dimensions: (128, 256), element: element, mask: .causal(.bottomRight)),
    ]
  }

  @Test(
    "The cache in which rows are asked for does not change a bit", arguments: readOnceCases, InstructionSet.usable)
  func lookAhead(attentionCase: AttentionCase, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let results = try [32, 48].map { kibibytes in
        var processor = Processor.current
        processor.level1Cache = kibibytes << 10
        let plan = try AttentionPlan(
          inputs.descriptor, options: ExecutionOptions(backend: .cpu, instructionSet: set), processor: processor)
        #expect(KernelProblem(plan).fetchesIntoLevel1 == (kibibytes == 48))
        return try inputs.attend(plan)
      }
      #expect(results[0].isIdentical(to: results[1]))
      // The same bits may still be wrong: those of this machine are compared with fp64 elsewhere.
      #expect(try results[0].isIdentical(to: inputs.forward(ExecutionOptions(backend: .cpu, instructionSet: set))))
    }
    try attentionCase.element.withType { try check($0) }
  }

  /// Rounded to 16 bits, hardly a number would show how it was summed.
  @Test("Threads do not change a bit of what is summed over many keys", arguments: InstructionSet.usable)
  func manyKeys(set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type, _ mask: AttentionMask) throws {
      let inputs = try AttentionInputs<Element>(
        AttentionCase(
          heads: (2, 1), lengths: (700, 1500), dimensions: (64, 64), element: Element.attentionElementType, mask: mask))
      func bits(_ threads: Int) throws -> Bits {
        try Bits(inputs, ExecutionOptions(backend: .cpu, instructionSet: set, threads: threads))
      }
      let expected = try bits(1)
      for threads in [2, 3, 7] {
        let actual = try bits(threads)
        #expect(actual == expected, "\(threads) threads: \(actual.difference(from: expected))")
      }
    }
    for mask in [AttentionMask.full, .causal(.bottomRight)] {
      try check(BFloat16.self, mask)
      try check(Float16.self, mask)
    }
  }

  /// Keys whose infinite numbers forbid themselves leave finite rows that the matrix unit cannot compute.
  @Test("Threads do not change a bit of rows beside infinite keys", arguments: InstructionSet.usable)
  func infiniteKeys(set: InstructionSet) throws {
    var inputs = try AttentionInputs<Float16>(
      AttentionCase(
        heads: (8, 8), lengths: (200, 200), dimensions: (64, 64), element: .float16,
        mask: .slidingWindow(left: 15, right: 0, .topLeft)))
    let queries = Tensor(copying: inputs.queries)
    inputs.queries = try Tensor(queries.scalars.map { -abs($0) - 0.01 }, shape: queries.shape).view
    var keys = Tensor(copying: inputs.keys)
    for head in 0..<8 { keys[0, head, 45, 3] = .infinity }
    inputs.keys = keys.view
    func result(_ threads: Int) throws -> AttentionResult<Float16> {
      try inputs.forward(ExecutionOptions(backend: .cpu, instructionSet: set, threads: threads))
    }
    let expected = try result(1)
    #expect(expected.output.scalars.allSatisfy { $0.isFinite })
    for threads in [3, 8] {
      let actual = try result(threads)
      #expect(actual.output.scalars == expected.output.scalars)
      #expect(actual.logSumExp.scalars == expected.logSumExp.scalars)
    }
  }

  @Test("Standard attention is deterministic too", arguments: cases, InstructionSet.usable)
  func standard(attentionCase: AttentionCase, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let expected = try Bits(inputs, ExecutionOptions(backend: .standard, instructionSet: set, threads: 1))
      let actual = try Bits(inputs, ExecutionOptions(backend: .standard, instructionSet: set, threads: 7))
      #expect(actual == expected, "\(actual.difference(from: expected))")
    }
    try attentionCase.element.withType { try check($0) }
  }

  /// Scores are spread so widely that maxima rise on the way, in the rows that stay as in those that change.
  @Test("A row does not depend on the rows beside it", arguments: AttentionElementType.allCases, InstructionSet.usable)
  func rowsBeside(type: AttentionElementType, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let options = ExecutionOptions(backend: .cpu, instructionSet: set)
      var inputs = try AttentionInputs<Element>(
        AttentionCase(lengths: (60, 420), dimensions: (40, 16), element: Element.attentionElementType, scale: 2))
      let before = try inputs.forward(options)
      var queries = Tensor(copying: inputs.queries)
      for column in 0..<40 {
        for row in stride(from: 0, to: 60, by: 5) { queries[0, 0, row, column] *= 50 }
        queries[0, 0, 7, column] = .nan
      }
      inputs.queries = queries.view
      let after = try inputs.forward(options)
      for row in 0..<60 where row % 5 != 0 && row != 7 {
        #expect(
          after.output.scalars[16 * row..<16 * row + 16] == before.output.scalars[16 * row..<16 * row + 16],
          "row \(row)")
        #expect(after.logSumExp.scalars[row] == before.logSumExp.scalars[row], "row \(row)")
      }
    }
    try type.withType { try check($0) }
  }

  /// Where its query sees one key, δ is summed in another order than for rows in the same vector that see more. The
  /// numbers of queries are such that none are so few that the forward pass computes them one by one.
  @Test("The gradient of a query does not depend on the queries after it", arguments: InstructionSet.usable)
  func queriesAfter(set: InstructionSet) throws {
    func check<Element: AttentionElement>(_ mask: AttentionMask, _: Element.Type) throws {
      func gradient(queries: Int) throws -> [Double] {
        var inputs = try AttentionInputs<Element>(
          AttentionCase(lengths: (70, 70), dimensions: (24, 37), element: Element.attentionElementType, mask: mask))
        inputs.queries = try inputs.queries.prefix(rows: queries)
        inputs.outputGradient = try inputs.outputGradient.prefix(rows: queries)
        return try inputs.gradients(ExecutionOptions(backend: .cpu, instructionSet: set)).queries.doubles
      }
      let all = try gradient(queries: 70)
      for count in [30, 46, 62] {
        let isSame = ErrorMeasure.areIdentical(try gradient(queries: count), Array(all.prefix(24 * count)))
        #expect(isSame, "\(Element.attentionElementType), \(mask), \(count) queries")
      }
    }
    for mask in [AttentionMask.causal(.topLeft), try .slidingWindow(left: 1, right: 0, .topLeft)] {
      for type in AttentionElementType.allCases { try type.withType { try check(mask, $0) } }
    }
  }

  /// Rows that fill no lane group, but leave no few that would go one by one; staircases along both diagonals, lanes of
  /// several heads, and keys in several blocks.
  static let columnCases = [32, 48, 64].flatMap { columns in
    [
      AttentionCase(lengths: (176, 230), dimensions: (columns, columns), scale: 0.2),
      AttentionCase(heads: (2, 1), lengths: (21, 333), dimensions: (columns, columns), scale: 0.2),
      AttentionCase(lengths: (175, 177), dimensions: (columns, columns), mask: .causal(.bottomRight), scale: 0.2),
      AttentionCase(
        lengths: (171, 301), dimensions: (columns, columns), mask: try! .slidingWindow(left: 90, right: 5, .topLeft),
        scale: 0.2),
    ]
  }

  /// Where sums lie by row, which depends on how many columns there are, other register tiles compute them, and more is
  /// left away of what is forbidden.
  ///
  /// Not with the matrix unit, where the length of blocks depends on the number of columns. And dK and dV along a
  /// diagonal only but for rounding, because sums by column begin with the last steps of a staircase there.
  @Test(
    "A column does not depend on the columns beside it", arguments: columnCases,
    InstructionSet.usable.filter { $0 != .amx })
  func columnsBeside(attentionCase: AttentionCase, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      var narrowCase = attentionCase
      narrowCase.element = Element.attentionElementType
      let narrow = try AttentionInputs<Element>(narrowCase)
      let columns = attentionCase.shape.headDimension
      var wide = try AttentionInputs<Element>(narrowCase.with(dimension: columns + 8))
      wide.queries = try narrow.queries.widened(by: 8)
      wide.keys = try narrow.keys.widened(by: 8)
      wide.values = try narrow.values.widened(by: 8, with: 3)
      wide.outputGradient = try narrow.outputGradient.widened(by: 8)
      let options = ExecutionOptions(backend: .cpu, instructionSet: set)
      for (result, wideResult) in zip(try Bits(narrow, options).results, try Bits(wide, options).results) {
        let same =
          result.name == "log-sum-exp"
          ? wideResult.elements
          : wideResult.elements.enumerated().filter { $0.offset % (columns + 8) < columns }.map(\.element)
        let difference = ErrorMeasure.relative(result.elements, same)
        let isReordered =
          attentionCase.mask != .full && ["key gradient", "value gradient"].contains(result.name)
        let isSame =
          isReordered
          ? difference < 8 * narrowCase.element.roundingError : ErrorMeasure.areIdentical(result.elements, same)
        #expect(isSame, "\(narrowCase): \(result.name) by \(difference)")
      }
    }
    for type in AttentionElementType.allCases { try type.withType { try check($0) } }
  }

  /// Where rows of a head do not fill a tile of the matrix unit, it may be completed with rows of the next head.
  @Test(
    "A head does not depend on the heads beside it", arguments: AttentionElementType.allCases, InstructionSet.usable)
  func headsBeside(type: AttentionElementType, set: InstructionSet) throws {
    func check<Element: AttentionElement>(_ attentionCase: AttentionCase, _: Element.Type) throws {
      var attentionCase = attentionCase
      attentionCase.element = type
      var inputs = try AttentionInputs<Element>(attentionCase)
      /// Of three heads, or of three entries of a batch with the heads of a token side by side, all results of the
      /// first and of the last one.
      func results() throws -> [[Double]] {
        let options = ExecutionOptions(backend: .cpu, instructionSet: set)
        let forward = try inputs.forward(options)
        let gradients = try inputs.gradients(options, after: forward)
        return [
          forward.output.doubles, forward.logSumExp.doubles, gradients.queries.doubles, gradients.keys.doubles,
          gradients.values.doubles,
        ].flatMap { [Array($0.prefix($0.count / 3)), Array($0.suffix($0.count / 3))] }
      }
      let isBatch = attentionCase.shape.batch == 3
      func changed(_ view: TensorView<Element>, _ isMiddleForgotten: Bool) -> TensorView<Element> {
        var tensor = Tensor(copying: view)
        for head in 0..<view.shape[1] where isMiddleForgotten && (isBatch || head == 1) {
          for row in 0..<view.shape[2] {
            for column in 0..<view.shape[3] { tensor[isBatch ? 1 : 0, head, row, column] = .nan }
          }
        }
        return isBatch ? Tensor(copying: tensor.transposed(1, 2)).transposed(1, 2) : tensor.view
      }
      func changeInputs(_ isMiddleForgotten: Bool) {
        inputs.queries = changed(inputs.queries, isMiddleForgotten)
        inputs.keys = changed(inputs.keys, isMiddleForgotten)
        inputs.values = changed(inputs.values, isMiddleForgotten)
        inputs.outputGradient = changed(inputs.outputGradient, isMiddleForgotten)
      }
      changeInputs(false)
      let expected = try results()
      #expect(expected.allSatisfy { $0.allSatisfy(\.isFinite) })
      changeInputs(true)
      #expect(try results() == expected)
    }
    for attentionCase in [
      AttentionCase(heads: (3, 3), lengths: (50, 83), dimensions: (64, 32)),
      AttentionCase(heads: (3, 3), lengths: (83, 83), dimensions: (32, 64), mask: .causal(.topLeft)),
      AttentionCase(heads: (3, 3), lengths: (50, 35), dimensions: (64, 64), bias: BiasForm(form: .whole), softcap: 5),
      AttentionCase(batch: 3, heads: (2, 2), lengths: (50, 83), dimensions: (64, 32)),
    ] {
      try type.withType { try check(attentionCase, $0) }
    }
  }

  /// More threads than cores, so that a thread loses its core while others wait for its turn.
  @Test("Calls that crowd the cores do not change a bit", arguments: InstructionSet.usable)
  func crowd(set: InstructionSet) throws {
    for attentionCase in [Self.contendedCases[0], Self.contendedCases[3], Self.contendedCases[5]] {
      let inputs = try AttentionInputs<Float>(attentionCase)
      let crowded = ExecutionOptions(backend: .cpu, instructionSet: set, threads: 5)
      let expected = try Bits(inputs, ExecutionOptions(backend: .cpu, instructionSet: set, threads: 1))
      Crowd.run(threads: 4) {
        do {
          let actual = try Bits(inputs, crowded)
          #expect(actual == expected, "\(actual.difference(from: expected))")
        } catch {
          Issue.record(error)
        }
      }
    }
  }

  @Test("What memory held before does not show", arguments: ExecutionOptions.everyKernel)
  func leftovers(options: ExecutionOptions) throws {
    // One thread, so that the call's memory comes from this thread's heap and from the scratch memory of callers.
    var options = options
    options.threads = 1
    for attentionCase in [
      AttentionCase(heads: (2, 1), lengths: (13, 29), dimensions: (9, 5), mask: .causal(.topLeft)),
      AttentionCase(lengths: (50, 31), dimensions: (17, 33), mask: .causal(.bottomRight), softcap: 2),
      AttentionCase(
        lengths: (30, 70), dimensions: (8, 8), booleanMask: BooleanMaskForm(form: .whole, forbidsRows: true),
        bias: BiasForm(form: .whole)),
      AttentionCase(lengths: (50, 31), dimensions: (17, 33), element: .float16, mask: .causal(.bottomRight)),
      AttentionCase(heads: (2, 1), lengths: (2, 40), dimensions: (40, 24)),
      AttentionCase(heads: (2, 1), lengths: (2, 40), dimensions: (40, 24), element: .bfloat16),
      // Sums that lie by row with AVX-512.
      AttentionCase(lengths: (53, 77), dimensions: (32, 64), mask: .causal(.bottomRight)),
      AttentionCase(
        lengths: (53, 77), dimensions: (64, 48), element: .bfloat16,
        mask: try .slidingWindow(left: 20, right: 3, .topLeft)),
      AttentionCase(
        heads: (4, 2), lengths: (21, 61), dimensions: (48, 64), element: .bfloat16, mask: .causal(.topLeft)),
      // Keys of more lane groups than queries see.
      AttentionCase(heads: (4, 2), lengths: (21, 130), dimensions: (64, 64), mask: .causal(.topLeft)),
      AttentionCase(heads: (4, 2), lengths: (61, 130), dimensions: (64, 32), mask: .causal(.topLeft), softcap: 2),
    ] {
      func check<Element: AttentionElement>(_: Element.Type) throws {
        let inputs = try AttentionInputs<Element>(attentionCase)
        try Memory.litter(with: 0xff)
        let afterNaN = try Bits(inputs, options)
        try Memory.litter(with: 0)
        let afterZeros = try Bits(inputs, options)
        #expect(afterNaN == afterZeros, "\(afterNaN.difference(from: afterZeros))")
      }
      try attentionCase.element.withType { try check($0) }
    }
  }
}

/// Threads of their own, whatever the number of cores.
private enum Crowd {
  static func run(threads: Int, _ body: @escaping @Sendable () -> Void) {
    let group = DispatchGroup()
    for _ in 0..<threads {
      group.enter()
      let thread = Thread {
        body()
        group.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    group.wait()
  }
}

/// The memory that a call will be handed.
private enum Memory {
  /// Fills freed blocks of many sizes and idle scratch memory with a byte; 0xff makes every number a NaN.
  static func litter(with byte: Int32) throws {
    litterWorkspaces(with: byte, count: 4)
    try litterScratch(with: byte, count: 8)
    var blocks: [UnsafeMutableRawPointer] = []
    for exponent in 4..<21 {
      for factor in [2, 3] {
        for _ in 0..<8 {
          let size = factor << exponent
          let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
          memset(block, byte, size)
          blocks.append(block)
        }
      }
    }
    for block in blocks { block.deallocate() }
  }

  /// Several at once, because calls of other tests may hold some of them.
  private static func litterWorkspaces(with byte: Int32, count: Int) {
    Parallel.forEach(1, threads: 1, workspaceSize: 1 << 20) { _, workspace in
      memset(workspace, byte, 1 << 20)
      if count > 1 { litterWorkspaces(with: byte, count: count - 1) }
    }
  }

  private static func litterScratch(with byte: Int32, count: Int) throws {
    try Scratch.withMemory(byteCount: 1 << 20, for: "a test") { memory in
      memset(memory, byte, 1 << 20)
      if count > 1 { try litterScratch(with: byte, count: count - 1) }
    }
  }
}

extension TensorView {
  /// The first rows of each head.
  fileprivate func prefix(rows: Int) throws -> TensorView { try sliced(2, 0..<rows) }
}

extension AttentionCase {
  /// The same with other dimensions.
  fileprivate func with(dimension: Int) throws -> AttentionCase {
    var result = self
    result.shape = try AttentionShape(
      batch: shape.batch, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
      queryLength: shape.queryLength, keyLength: shape.keyLength, headDimension: dimension, valueDimension: dimension)
    return result
  }
}

extension TensorView where Element: AttentionElement {
  /// The same rows with more columns behind them.
  fileprivate func widened(by columns: Int, with number: Element = 0) throws -> TensorView {
    let rows = Tensor(copying: self)
    var shape = rows.shape
    let width = shape[3]
    shape[3] += columns
    let scalars = rows.scalars
    return try Tensor(
      (0..<scalars.count / width).flatMap { row in
        scalars[row * width..<(row + 1) * width] + [Element](repeating: number, count: columns)
      }, shape: shape
    ).view
  }
}
