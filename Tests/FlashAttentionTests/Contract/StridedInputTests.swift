import FlashAttention
import ReferenceAttention
import Testing

@testable import Tensors

@Suite("Strided inputs")
struct StridedInputTests {
  /// How the elements of an input lie in memory.
  enum Layout: String, CaseIterable, Sendable {
    /// [B, S, H, D] data seen as [B, H, S, D].
    case sequenceFirst
    /// A part of larger tensor, each axis with something before and after.
    case slice
    /// Rows 4 KiB apart.
    case distantRows
    /// [B, H, D, S] data: neighbouring columns far apart.
    case columnsFirst
    /// Columns, rows and heads stored backwards.
    case reversed
    /// Rows stored backwards.
    case reversedRows

    /// The elements of a tensor in this layout.
    func view<Element: AttentionElement>(_ source: TensorView<Element>) throws -> TensorView<Element> {
      switch self {
      case .sequenceFirst:
        return Tensor(copying: source.transposed(1, 2)).transposed(1, 2)
      case .columnsFirst:
        return Tensor(copying: source.transposed(2, 3)).transposed(2, 3)
      case .slice:
        let outer = source.shape.map { $0 + 3 }
        var view = try Self.copy(source, into: outer, at: [1, 2, 1, 2]).view
        for (axis, start) in [1, 2, 1, 2].enumerated() {
          view = try view.sliced(axis, start..<start + source.shape[axis])
        }
        return view
      case .distantRows:
        let columns = 4096 / MemoryLayout<Element>.stride
        let wide = try Self.copy(source, into: source.shape.dropLast() + [columns], at: [0, 0, 0, 0])
        return try wide.view.sliced(3, 0..<source.shape[3])
      case .reversed:
        let reversed = Tensor<Element>(copying: source.reversed())
        return reversed.view.reversed()
      case .reversedRows:
        let reversed = Tensor<Element>(copying: source.reversed(2...2))
        return reversed.view.reversed(2...2)
      }
    }

    /// A tensor of NaN with the elements of `source` at a place.
    private static func copy<Element: AttentionElement>(
      _ source: TensorView<Element>, into shape: [Int], at start: [Int]
    ) throws -> Tensor<Element> {
      let strides = Shape.rowMajorStrides(shape)
      var elements = [Element](repeating: .nan, count: shape.reduce(1, *))
      var index = 0
      let scalars = source.scalars
      for batch in 0..<source.shape[0] {
        for head in 0..<source.shape[1] {
          for row in 0..<source.shape[2] {
            let rowStart =
              (batch + start[0]) * strides[0] + (head + start[1]) * strides[1] + (row + start[2]) * strides[2]
              + start[3]
            for column in 0..<source.shape[3] {
              elements[rowStart + column] = scalars[index]
              index += 1
            }
          }
        }
      }
      return try Tensor(elements, shape: shape)
    }
  }

  @Test(
    "Any layout gives the bits of the dense one", arguments: Layout.allCases,
    [
      AttentionCase(batch: 2, heads: (4, 2), lengths: (50, 67), dimensions: (33, 16), mask: .causal(.bottomRight)),
      AttentionCase(heads: (3, 1), lengths: (7, 101), dimensions: (64, 40), bias: BiasForm(form: .whole)),
      AttentionCase(heads: (4, 2), lengths: (2, 83), dimensions: (32, 64), element: .bfloat16),
      AttentionCase(heads: (2, 2), lengths: (17, 83), dimensions: (64, 32), booleanMask: BooleanMaskForm(form: .whole)),
      AttentionCase(heads: (2, 2), lengths: (19, 83), dimensions: (32, 64), mask: .causal(.bottomRight)),
      AttentionCase(heads: (4, 2), lengths: (2, 83), dimensions: (40, 72), element: .bfloat16),
      AttentionCase(heads: (4, 2), lengths: (2, 83), dimensions: (40, 72), element: .float16),
      AttentionCase(heads: (2, 2), lengths: (19, 83), dimensions: (72, 40)),
      AttentionCase(batch: 2, heads: (3, 3), lengths: (50, 83), dimensions: (64, 32), element: .bfloat16),
      AttentionCase(
        heads: (2, 2), lengths: (97, 50), dimensions: (20, 24), element: .float16,
        booleanMask: BooleanMaskForm(form: .whole)),
      AttentionCase(
        heads: (2, 1), lengths: (31, 130), dimensions: (17, 32), element: .bfloat16,
        bias: BiasForm(form: .overHeads, element: .bfloat16), softcap: 5),
    ])
  func layouts(layout: Layout, attentionCase: AttentionCase) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let dense = try AttentionInputs<Element>(attentionCase)
      var strided = dense
      strided.queries = try layout.view(dense.queries)
      strided.keys = try layout.view(dense.keys)
      strided.values = try layout.view(dense.values)
      strided.outputGradient = try layout.view(dense.outputGradient)
      #expect(strided.queries.scalars == dense.queries.scalars)
      #expect(strided.queries.strides != dense.queries.strides)
      for options in ExecutionOptions.everyKernel {
        let expected = try Bits(dense, options)
        let actual = try Bits(strided, options)
        #expect(actual == expected, "\(options.label): \(actual.difference(from: expected))")
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  @Test("A strided mask and a strided bias mean the same as dense ones", arguments: InstructionSet.usable)
  func stridedMaskAndBias(set: InstructionSet) throws {
    let options = ExecutionOptions(backend: .cpu, instructionSet: set)
    var dense = try AttentionInputs<Float>(
      AttentionCase(heads: (2, 1), lengths: (60, 53), dimensions: (16, 16)))
    let mask = try Tensor<Bool>(
      Tensor<Float>.random([1, 2, 60, 53], seed: 9).scalars.map { $0 > -1 }, shape: [1, 2, 60, 53])
    let bias = try Tensor<Float>.random([1, 2, 60, 53], seed: 10)
    dense.booleanMask = mask.view
    dense.bias = AttentionBias(bias)
    var strided = dense
    strided.booleanMask = Tensor(copying: mask.transposed(2, 3)).transposed(2, 3)
    strided.bias = AttentionBias(Tensor<Float>(copying: bias.view.reversed()).view.reversed())
    let expected = try Bits(dense, options)
    let actual = try Bits(strided, options)
    #expect(actual == expected, "\(actual.difference(from: expected))")
  }

  /// One key/value head for all batches and heads, stored once: pt#191937 in the list of what broke others.
  @Test(
    "Keys and values with stride 0 mean the same as copies, backward as well", arguments: ExecutionOptions.everyKernel)
  func broadcastKeys(options: ExecutionOptions) throws {
    var repeated = try AttentionInputs<Float>(
      AttentionCase(batch: 2, heads: (6, 3), lengths: (40, 70), dimensions: (24, 20), mask: .causal(.bottomRight)))
    let keys = try Tensor<Float>.random([1, 1, 70, 24], seed: 21)
    let values = try Tensor<Float>.random([1, 1, 70, 20], seed: 22)
    repeated.keys = try keys.view.broadcast(to: [2, 3, 70, 24])
    repeated.values = try values.view.broadcast(to: [2, 3, 70, 20])
    var copied = repeated
    copied.keys = Tensor(copying: repeated.keys).view
    copied.values = Tensor(copying: repeated.values).view
    #expect(repeated.keys.strides[0] == 0 && repeated.keys.strides[1] == 0)
    let expected = try Bits(copied, options)
    let actual = try Bits(repeated, options)
    #expect(actual == expected, "\(actual.difference(from: expected))")
  }

  @Test("One key repeated along the sequence or the columns is legal", arguments: ExecutionOptions.everyKernel)
  func broadcastRowsAndColumns(options: ExecutionOptions) throws {
    var repeated = try AttentionInputs<Float>(AttentionCase(lengths: (33, 50), dimensions: (16, 8)))
    repeated.keys = try Tensor<Float>.random([1, 1, 1, 16], seed: 31).view.broadcast(to: [1, 1, 50, 16])
    repeated.values = try Tensor<Float>.random([1, 1, 50, 1], seed: 32).view.broadcast(to: [1, 1, 50, 8])
    var copied = repeated
    copied.keys = Tensor(copying: repeated.keys).view
    copied.values = Tensor(copying: repeated.values).view
    let expected = try Bits(copied, options)
    let actual = try Bits(repeated, options)
    #expect(actual == expected, "\(actual.difference(from: expected))")
  }
}

extension TensorView {
  /// The view with some axes reversed, which have negative strides.
  fileprivate func reversed(_ axes: ClosedRange<Int> = 1...3) -> TensorView {
    var start = offset
    var strides = strides
    for axis in axes {
      start += (shape[axis] - 1) * strides[axis]
      strides[axis] = -strides[axis]
    }
    return TensorView(storage: storage, offset: start, shape: shape, strides: strides)
  }
}
