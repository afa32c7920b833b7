import Tensors
import Testing

@testable import CUDADriver

@Suite("Streams and events order and measure work")
struct StreamTests {
  @Test("The time between two events is that of the launches between them")
  func timing() throws {
    let context = try CUDARuntime.context(of: MockDriver(launchMilliseconds: 0.25))
    let stream = try CUDAStream(in: context)
    let start = try CUDAEvent(in: context, isTimed: true)
    let end = try CUDAEvent(in: context, isTimed: true)
    var launch = try PreparedLaunch(
      try KernelFunction(.portable, in: context),
      shape: LaunchShape(grid: LaunchExtent(1), block: LaunchExtent(32)), arguments: [])
    try start.record(on: stream)
    for _ in 0..<6 { try launch.enqueue(on: stream) }
    try end.record(on: stream)
    try end.synchronize()
    #expect(try end.milliseconds(since: start) == 1.5)
  }

  @Test("An event that is not timed cannot be measured from")
  func untimed() throws {
    let context = try CUDARuntime.context(of: MockDriver())
    let start = try CUDAEvent(in: context, isTimed: false)
    let end = try CUDAEvent(in: context, isTimed: true)
    #expect(
      message { _ = try end.milliseconds(since: start) }
        == "event: was an event without time, expected a timed event")
  }

  @Test("A stream waits for the event of another")
  func waiting() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    let producer = try CUDAStream(in: context)
    let consumer = try CUDAStream(in: context)
    let event = try CUDAEvent(in: context, isTimed: false)
    try event.record(on: producer)
    try consumer.wait(for: event)
    #expect(try consumer.isIdle())
    #expect(
      mock.calls.filter { $0 == .cuEventRecord || $0 == .cuStreamWaitEvent } == [.cuEventRecord, .cuStreamWaitEvent])
  }

  @Test("Own streams and events go with their objects; another library's stream and the default one stay")
  func ownership() throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    do {
      let stream = try CUDAStream(in: context)
      let event = try CUDAEvent(in: context, isTimed: true)
      try event.record(on: stream)
      _ = CUDAStream(foreign: StreamHandle(rawValue: 0x77), in: context)
      _ = CUDAStream.default(of: context)
      #expect(mock.resources.streams == 1)
      #expect(mock.resources.events == 1)
    }
    #expect(mock.resources.streams == 0)
    #expect(mock.resources.events == 0)
    #expect(mock.calls.filter { $0 == .cuStreamDestroy }.count == 1)
  }
}
