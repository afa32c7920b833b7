import CUDADriver
import Testing

@testable import FlashAttention

@Suite("How rows lie in device memory")
struct CUDARowLayoutTests {
  private static let shape = try! AttentionShape(
    batch: 2, queryHeads: 4, keyValueHeads: 2, queryLength: 5, keyLength: 7, headDimension: 16, valueDimension: 8)

  private func layout(
    _ shape: AttentionShape = shape, _ change: (inout CUDAOperands) -> Void = { _ in }
  ) throws -> CUDARowLayout {
    var operands = CUDAOperands.dense(try AttentionDescriptor(shape: shape, elementType: .float16))
    change(&operands)
    return CUDARowLayout(operands, shape)
  }

  @Test("Dense rows are copied by as many bytes as divide them", arguments: [(16, 8), (8, 8), (20, 4), (6, 8), (7, 2)])
  func dense(dimensions: (Int, Int)) throws {
    let shape = try AttentionShape(
      batch: 2, queryHeads: 2, keyValueHeads: 2, queryLength: 5, keyLength: 7, headDimension: dimensions.0,
      valueDimension: dimensions.1)
    let bytes = dimensions.0 * 2 | dimensions.1 * 2
    let expected: CUDARowLayout.Access =
      bytes % 16 == 0 ? .bytes16 : bytes % 8 == 0 ? .bytes8 : bytes % 4 == 0 ? .bytes4 : .elements
    let layout = try layout(shape)
    #expect(layout.access == expected)
    #expect((layout.mapRefusal == nil) == (expected == .bytes16))
  }

  @Test(
    "The first address and every stride count",
    arguments: [(8, CUDARowLayout.Access.bytes16), (4, .bytes8), (2, .bytes4), (1, .elements)])
  func alignment(elements: Int, expected: CUDARowLayout.Access) throws {
    #expect(try layout { $0.values.pointer = DevicePointer(rawValue: UInt64(256 + 2 * elements)) }.access == expected)
    #expect(try layout { $0.keys.strides.row = 16 + elements }.access == expected)
    #expect(try layout { $0.queries.strides.head += elements }.access == expected)
    #expect(try layout { $0.output.strides.batch += elements }.access == expected)
  }

  @Test("Elements that are not neighbours are copied one by one, and the operand is named")
  func stridedElements() throws {
    let layout = try layout { $0.keys.strides.column = 2 }
    #expect(layout.access == .elements)
    #expect(layout.mapRefusal == .stridedElements(.keys))
  }

  @Test("Maps take no stride of 0 and none that is negative, but along an axis of one element")
  func strides() throws {
    #expect(try layout { $0.values.strides.head = 0 }.mapRefusal == .stride(.values))
    #expect(try layout { $0.queries.strides.row = -16 }.mapRefusal == .stride(.queries))
    #expect(try layout { $0.queries.strides.batch = 1 << 40 }.mapRefusal == .stride(.queries))
    let single = try AttentionShape(
      batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 5, keyLength: 7, headDimension: 16, valueDimension: 8)
    let layout = try layout(single) {
      $0.keys.strides.batch = -3
      $0.keys.strides.head = 0
    }
    #expect(layout.mapRefusal == nil)
    #expect(layout.access == .bytes16)
  }

  @Test("The layout of tensors is that of what they show, and a tensor that does not fit is named")
  func tensors() throws {
    let gpu = try MockGPU(.ampere)
    func tensor(_ shape: [Int]) throws -> CUDATensor<Float16> { try CUDATensor(unwritten: shape, on: gpu.stream) }
    let queries = try tensor([2, 4, 5, 16])
    let keys = try tensor([2, 2, 7, 20]).sliced(3, 0..<16)
    let values = try tensor([2, 2, 7, 8])
    let layout = try CUDARowLayout(
      queries: queries, keys: keys, values: values, output: tensor([2, 5, 4, 8]).transposed(1, 2))
    #expect(layout.access == .bytes8)
    #expect(layout.mapRefusal == .unaligned(.keys))
    let error = #expect(throws: AttentionError.self) {
      try CUDARowLayout(queries: queries, keys: keys, values: values, output: queries)
    }
    #expect(error?.description == "output: was [2, 4, 5, 16], expected [B, Hq, Sq, Dv] = [2, 4, 5, 8]")
  }
}
