import CUDADriver
import ReferenceAttention
import Testing

@testable import FlashAttention

@Suite("Tensors in device memory")
struct CUDATensorTests {
  @Test("What is copied there comes back", arguments: AttentionElementType.allCases)
  func roundTrip(type: AttentionElementType) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let gpu = try MockGPU(.ampere)
      let tensor = try Tensor<Element>.random([2, 3, 4, 5], seed: 1)
      let copy = try tensor.copied(to: gpu.stream)
      #expect(copy.shape == tensor.shape)
      #expect(copy.strides == tensor.strides)
      #expect(try copy.copiedToHost(on: gpu.stream).scalars == tensor.scalars)
      // A view is copied in its own order.
      let view = tensor.transposed(1, 3)
      #expect(try view.copied(to: gpu.stream).copiedToHost(on: gpu.stream).scalars == view.scalars)
    }
    try type.withType { try check($0) }
  }

  @Test("Views show the same elements in another order")
  func views() throws {
    let gpu = try MockGPU(.ampere)
    let tensor = try Tensor<Float>.random([2, 3, 4, 5], seed: 1)
    let copy = try tensor.copied(to: gpu.stream)
    #expect(
      try copy.transposed(1, 2).copiedToHost(on: gpu.stream).scalars == tensor.transposed(1, 2).scalars)
    #expect(
      try copy.sliced(2, 1..<3).transposed(0, 3).copiedToHost(on: gpu.stream).scalars
        == tensor.view.sliced(2, 1..<3).transposed(0, 3).scalars)
    #expect(try copy.sliced(0, 1..<1).copiedToHost(on: gpu.stream).shape == [0, 3, 4, 5])
    #expect(throws: AttentionError.self) { try copy.sliced(2, 3..<5) }
    #expect(throws: AttentionError.self) { try copy.sliced(4, 0..<1) }
  }

  @Test("Strides of 0 and below repeat and reverse")
  func borrowedStrides() throws {
    let gpu = try MockGPU(.ampere)
    let copy = try Tensor<Float>([1, 2, 3], shape: [3]).copied(to: gpu.stream)
    let reversed = try CUDATensor<Float>(
      borrowing: copy.pointer.advanced(by: 8), shape: [2, 3], strides: [0, -1], in: gpu.stream.context)
    #expect(try reversed.copiedToHost(on: gpu.stream).scalars == [3, 2, 1, 3, 2, 1])
  }

  @Test("Memory goes with the last tensor that shows it, and not with one that borrowed it")
  func ownership() throws {
    let gpu = try MockGPU(.ampere)
    let memory = gpu.driver.makeForeignMemory(byteCount: 16)
    do {
      let view = try Tensor<Float>([1, 2, 3], shape: [3]).copied(to: gpu.stream).sliced(0, 1..<3)
      #expect(gpu.driver.resources.allocations == 2)
      #expect(try view.copiedToHost(on: gpu.stream).scalars == [2, 3])
      _ = try CUDATensor<Float>(borrowing: memory.pointer, shape: [4], in: gpu.stream.context)
    }
    #expect(gpu.driver.resources.allocations == 1)
  }

  @Test("Nothing is allocated for tensors without elements")
  func empty() throws {
    let gpu = try MockGPU(.ampere)
    let copy = try Tensor<Float>([], shape: [2, 0]).copied(to: gpu.stream)
    #expect(try copy.copiedToHost(on: gpu.stream).shape == [2, 0])
    #expect(gpu.count(.cuMemAllocAsync) == 0)
  }
}
