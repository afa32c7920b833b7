import Tensors
import Testing

@testable import CUDADriver

@Suite("Memory moves between the host and the device")
struct MemoryTests {
  @Test("Elements come back as they went")
  func roundTrip() throws {
    let mock = MockDriver()
    let stream = try CUDAStream(in: try CUDARuntime.context(of: mock))
    let values: [Float] = [1, -2, 3.5, .infinity]
    do {
      let buffer = try stream.upload(values)
      #expect(buffer.byteCount == 16)
      #expect(try stream.download(buffer.span, as: Float.self) == values)
      #expect(mock.resources.allocations == 1)
    }
    #expect(mock.resources.allocations == 0)
  }

  @Test("A copy within the device, a part of a buffer and a fill")
  func parts() throws {
    let stream = try CUDAStream(in: try CUDARuntime.context(of: MockDriver()))
    let source = try stream.upload([UInt8](0..<16))
    let target = try DeviceBuffer(byteCount: 16, on: stream)
    try stream.fill(target.span, with: 9)
    try stream.copy(
      from: try source.span.part(at: 4, byteCount: 4), to: try target.span.part(at: 8, byteCount: 4))
    #expect(
      try stream.download(target.span, as: UInt8.self) == [9, 9, 9, 9, 9, 9, 9, 9, 4, 5, 6, 7, 9, 9, 9, 9])
  }

  @Test("Fresh memory of the mock reads as NaN")
  func poison() throws {
    let stream = try CUDAStream(in: try CUDARuntime.context(of: MockDriver()))
    let buffer = try DeviceBuffer(byteCount: 64, on: stream)
    #expect(try stream.download(buffer.span, as: Float.self).allSatisfy(\.isNaN))
  }

  @Test("Pinned memory carries bytes both ways and waits for its stream before it goes")
  func pinned() throws {
    let mock = MockDriver()
    let stream = try CUDAStream(in: try CUDARuntime.context(of: mock))
    let buffer = try DeviceBuffer(byteCount: 8, on: stream)
    do {
      let pinned = try PinnedBuffer(byteCount: 16, on: stream)
      pinned.bytes.copyBytes(from: [UInt8](0..<16))
      try pinned.copy(to: buffer.span)
      try stream.synchronize()
      pinned.bytes.initializeMemory(as: UInt8.self, repeating: 0)
      try pinned.copy(from: buffer.span)
      try stream.synchronize()
      #expect(Array(pinned.bytes) == [0, 1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0])
      #expect(mock.resources.pinnedAllocations == 1)
    }
    #expect(mock.resources.pinnedAllocations == 0)
    let calls = mock.calls.filter { $0 == .cuStreamSynchronize || $0 == .cuMemFreeHost }
    // Two waits of the test, and the buffer's own.
    #expect(calls == [.cuStreamSynchronize, .cuStreamSynchronize, .cuStreamSynchronize, .cuMemFreeHost])
  }

  @Test("A buffer of no bytes never reaches the driver")
  func empty() throws {
    let mock = MockDriver()
    let stream = try CUDAStream(in: try CUDARuntime.context(of: mock))
    let buffer = try stream.upload([Float]())
    #expect(try stream.download(buffer.span, as: Float.self).isEmpty)
    #expect(!mock.calls.contains(.cuMemAllocAsync))
    #expect(!mock.calls.contains(.cuMemcpyHtoDAsync))
  }

  @Test("Lengths that do not fit are refused by name")
  func lengths() throws {
    let stream = try CUDAStream(in: try CUDARuntime.context(of: MockDriver()))
    let buffer = try DeviceBuffer(byteCount: 10, on: stream)
    #expect(
      message { _ = try buffer.span.part(at: 8, byteCount: 3) }
        == "part: was 3 bytes at 8, expected a range within 10 bytes")
    #expect(
      message { _ = try stream.download(buffer.span, as: Float.self) }
        == "span: was 10 bytes, expected a multiple of 4")
    #expect(
      message { try stream.copy(from: buffer.span, to: try buffer.span.part(at: 0, byteCount: 2)) }
        == "target: was 2 bytes, expected 10 bytes, as the source has")
    #expect(
      message { _ = try DeviceBuffer(byteCount: -1, on: stream) } == "byteCount: was -1, expected at least 0")
  }

  @Test("More memory than the device has is refused with the driver's status")
  func outOfMemory() throws {
    let context = try CUDARuntime.context(of: MockDriver())
    let stream = try CUDAStream(in: context)
    #expect(
      message { _ = try DeviceBuffer(byteCount: 81 << 30, on: stream) }?
        .contains("cuMemAllocAsync: CUDA_ERROR_OUT_OF_MEMORY") == true)
    #expect(context.breakage == nil)
  }

  @Test("Another library's pointer is taken where it is of the device")
  func foreignMemory() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    let stream = CUDAStream.default(of: context)
    let memory = mock.makeForeignMemory(byteCount: 4)
    memory.bytes.storeBytes(of: 7, as: Int32.self)
    let span = try context.foreignMemory(at: memory.pointer, byteCount: 4)
    #expect(try stream.download(span, as: Int32.self) == [7])
    #expect(throws: AttentionError.self) {
      try context.foreignMemory(at: DevicePointer(rawValue: 64), byteCount: 4)
    }
  }
}
