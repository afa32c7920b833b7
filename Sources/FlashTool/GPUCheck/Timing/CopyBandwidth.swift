import CUDADriver
import FlashAttention

/// What the device's memory does at most: a copy within it.
struct CopyBandwidth {
  let device: CheckedDevice
  let runs: Int

  /// The size of a copy: far beyond the second-level cache.
  private var byteCount: Int { min(1 << 30, device.device.memoryBytes / 8) }

  /// The line of the report, and the bytes a second by the best time, read plus written.
  func measure() throws -> (line: CheckLine, rate: Double) {
    let stream = device.stream
    let source = try DeviceBuffer(byteCount: byteCount, on: stream)
    let target = try DeviceBuffer(byteCount: byteCount, on: stream)
    try stream.fill(source.span, with: 0x3c)
    let start = try CUDAEvent(in: stream.context, isTimed: true)
    let end = try CUDAEvent(in: stream.context, isTimed: true)
    var seconds: [Double] = []
    for run in 0..<runs + 2 {
      try start.record(on: stream)
      try stream.copy(from: source.span, to: target.span)
      try end.record(on: stream)
      try end.synchronize()
      // The first two are for the clock.
      if run >= 2 { seconds.append(Double(try end.milliseconds(since: start)) / 1000) }
    }
    let times = RunTimes(seconds)
    let rate = 2 * Double(byteCount) / times.minimum
    let line = CheckLine(
      kind: .copy, name: "copy within device memory",
      members: [("bytes", .integer(2 * byteCount)), ("runs", .integer(times.count))] + times.jsonMembers + [
        ("gigabytes_per_second", .number(rate / 1e9))
      ],
      text: "copy     \(ByteCount.description(byteCount)) within device memory: "
        + "\(Decimals.description(rate / 1e9, places: 0)) GB/s, read and written")
    return (line, rate)
  }
}
