import CUDADriver
import FlashAttention
import Foundation
import Testing

@testable import FlashTool

@Suite("Timings of gpu-check")
struct CheckTimingTests {
  private static func posed(_ shape: String, isCausal: Bool) throws -> TimingCase {
    TimingCase(shape: try ShapeArgument(parsing: shape).shape, isCausal: isCausal)
  }

  private static func lines(
    _ mock: CheckedMock, _ posed: TimingCase, copyRate: Double? = nil
  ) throws -> [CheckLine] {
    try mock.whileFound {
      let device = try CheckedDevice(at: nil)
      let numbers = try DeviceNumbers(NormalNumbers(.bfloat16, count: 4099), on: device.stream)
      return try TimingCheck(device: device, numbers: numbers, isQuick: true).lines(posed, copyRate: copyRate)
    }
  }

  @Test("a forward pass is timed by events, and rows of it are compared with fp64")
  func forward() throws {
    let mock = CheckedMock.simulated(MockDevice.hopper.withoutCache)
    let lines = try Self.lines(mock, Self.posed("1,2,1,40,60,64,64", isCausal: true))
    let objects = try JSONLines.objects(lines.map(\.json.description).joined(separator: "\n"))
    #expect(objects.map { $0["kind"] as? String } == ["forward", "correctness"])
    // The mock's launches take a millisecond each, main and merging.
    let splits = try #require(objects[0]["splits"] as? Int)
    let seconds = try #require(objects[0]["seconds_median"] as? Double)
    #expect(abs(seconds - (splits > 1 ? 0.002 : 0.001)) < 1e-6)
    let flops = 4.0 * 2 * 40 * 60 * 64 / 2
    #expect(abs(try #require(objects[0]["tflops"] as? Double) - flops / seconds / 1e12) < 1e-9)
    #expect(objects[0]["runs"] as? Int == 10)
    #expect(objects[0]["input_sets"] as? Int == 1)
    #expect(objects[0]["mask"] as? String == "causal")
    #expect(objects[1]["passed"] as? Bool == true)
    #expect(objects[1]["rows_compared"] as? Int == 3)
  }

  @Test("decoding is held against the bandwidth of copying", arguments: [(1.0, true), (1e12, false)])
  func decode(copyRate: Double, isMet: Bool) throws {
    let lines = try Self.lines(
      CheckedMock(MockDevice.ampere.withoutCache), Self.posed("1,4,1,1,300,64,64", isCausal: false), copyRate: copyRate)
    let objects = try JSONLines.objects(lines.map(\.json.description).joined(separator: "\n"))
    #expect(objects[0]["kind"] as? String == "decode")
    #expect(objects[0]["met"] as? Bool == isMet)
    let share = try #require(objects[0]["share_of_copy"] as? Double)
    let rate = try #require(objects[0]["gigabytes_per_second"] as? Double)
    #expect(abs(share * copyRate / (rate * 1e9) - 1) < 1e-9)
    // Nothing was computed.
    #expect(objects[1]["passed"] as? Bool == false)
  }

  @Test(
    "inputs rotate where a cache could hold them", arguments: [(101, 50, 1), (100, 50, 2), (10, 50, 11), (0, 50, 64)])
  func inputSets(bytes: Int, cache: Int, expected: Int) {
    #expect(TimingProblem.setCount(bytes: bytes, cache: cache) == expected)
  }

  @Test("what does not fit into the device's memory is not run, and says so")
  func memory() throws {
    var small = MockDevice.ampere.withoutCache
    small.memoryBytes = 1 << 20
    #expect(throws: NotRun.self) {
      try Self.lines(CheckedMock(small), Self.posed("4,8,8,512,512,64,64", isCausal: false))
    }
  }

  @Test("tensors of any size are filled with numbers from any place on", arguments: [1, 4098, 4099, 4100, 20_000])
  func filling(count: Int) throws {
    let numbers = NormalNumbers(.bfloat16, count: 4099)
    try CheckedMock(.ampere).whileFound {
      let stream = try CheckedDevice(at: nil).stream
      let buffer = try DeviceBuffer(byteCount: count * 2, on: stream)
      try DeviceNumbers(numbers, on: stream).fill(buffer, from: 4000)
      let found = try stream.download(buffer.span, as: UInt16.self)
      #expect(Array(found.prefix(4198)) == Array(numbers.taken(count, from: 4000).prefix(4198)))
      #expect(!found.contains(0xffff))
    }
  }

  @Test("the host's times and a copy are measured and held against their targets")
  func host() throws {
    let mock = CheckedMock(.ampere)
    let lines = try mock.whileFound {
      let host = HostTimes(device: try CheckedDevice(at: nil))
      return [try host.firstCall(), try host.launch()]
    }
    let objects = try JSONLines.objects(lines.map(\.json.description).joined(separator: "\n"))
    #expect(objects.map { $0["kind"] as? String } == ["first_call", "launch"])
    for object in objects { #expect(object["met"] is Bool && object["target"] is String) }
    let parts = try ["plan_seconds", "prepare_seconds", "run_seconds"].map { try #require(objects[0][$0] as? Double) }
    #expect(abs(parts.reduce(0, +) - (try #require(objects[0]["seconds"] as? Double))) < 1e-9)
    #expect((objects[1]["seconds_median"] as? Double ?? 0) > 0)
  }

  @Test("the targets' shapes come first, and each shape once")
  func grid() throws {
    let forward = try TimingGrid.forward()
    #expect(forward.count == 36)
    #expect(forward.allSatisfy { $0.shape.batch * $0.shape.queryLength == 16384 })
    #expect(Set(forward.map(\.name)).count == 36)
    #expect(Set(forward.prefix(6).map(\.shape.headDimension)) == [64, 128, 256])
    let decoding = try TimingGrid.decoding()
    #expect(Set(decoding.map(\.shape.batch)) == [1, 4, 16, 64])
    #expect(Set(decoding.map(\.shape.keyLength)) == [8192, 32768, 131_072])
    #expect(Set(decoding.map(\.name)).count == 12)
  }

  @Test("a paced run says what it is ready for, then answers every line")
  func paced() throws {
    let mock = CheckedMock.simulated(MockDevice.ampere.withoutCache)
    let written = WrittenLines()
    var input = ["", "2"].makeIterator()
    try mock.whileFound {
      try PacedDevice(
        posed: Self.posed("1,1,1,16,16,16,16", isCausal: true), device: CheckedDevice(at: nil),
        watchdog: CheckWatchdog { _, _ in }, nextLine: { input.next() }, writeLine: { written.append($0) }
      ).run(warmUpSeconds: 0.001)
    }
    let objects = try JSONLines.objects(written.all.joined(separator: "\n"))
    #expect(objects.count == 3)
    #expect(objects[0]["backend"] as? String == "cuda")
    #expect(objects[0]["mask"] as? String == "causal")
    #expect(objects[0]["shape"] as? [Int] == [1, 1, 1, 16, 16, 16, 16])
    let (error, bound) = (objects[0]["output_error"] as? Double, objects[0]["output_bound"] as? Double)
    #expect(try #require(error) <= #require(bound))
    #expect(objects[1...].map { $0["runs"] as? Int } == [1, 2])
    #expect(objects[1...].allSatisfy { $0["seconds_median"] as? Double == 0.001 })
  }
}
