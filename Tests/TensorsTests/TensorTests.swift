import Tensors
import Testing

@Suite("Tensors and views")
struct TensorTests {
  @Test("a transposed view shows the same elements without a copy")
  func transposed() throws {
    let tensor = try Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(tensor.transposed(0, 1).scalars == [1, 4, 2, 5, 3, 6])
    #expect(tensor.transposed(0, 1).strides == [1, 3])
  }

  @Test("mutating a tensor leaves its views as they were")
  func copyOnWrite() throws {
    var tensor = try Tensor<Float>(repeating: 1, shape: [2, 2])
    let view = tensor.view
    tensor[0, 1] = 7
    #expect(view.scalars == [1, 1, 1, 1])
    #expect(tensor.scalars == [1, 7, 1, 1])
  }

  @Test("broadcasting repeats axes of one with stride zero")
  func broadcast() throws {
    let row = try Tensor<Float>([1, 2, 3], shape: [3])
    let view = try row.view.broadcast(to: [2, 3])
    #expect(view.strides == [0, 1])
    #expect(view.scalars == [1, 2, 3, 1, 2, 3])
    #expect(throws: AttentionError.self) { try row.view.broadcast(to: [2, 4]) }
  }

  @Test("a slice is a view of a part, and a range outside the axis is refused")
  func sliced() throws {
    let tensor = try Tensor<Int32>([0, 1, 2, 3, 4, 5], shape: [3, 2])
    #expect(try tensor.view.sliced(0, 1..<3).scalars == [2, 3, 4, 5])
    #expect(try tensor.view.sliced(1, 1..<2).scalars == [1, 3, 5])
    #expect(throws: AttentionError.self) { try tensor.view.sliced(0, 1..<4) }
  }

  @Test(
    "shapes whose size overflows are refused", arguments: [[-1], [Int.max, 2], [1 << 40, 1 << 40], [1 << 62, 4, 0]])
  func overflow(shape: [Int]) {
    #expect(throws: AttentionError.self) { try Tensor<Float>(repeating: 0, shape: shape) }
  }
}
