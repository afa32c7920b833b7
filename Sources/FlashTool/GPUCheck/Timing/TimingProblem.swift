import CUDADriver
import FlashAttention

/// A timed call with its data in device memory.
final class TimingProblem {
  let posed: TimingCase
  let plan: CUDAAttentionPlan
  private let device: CheckedDevice
  private let sets: [TimingSet]
  private var nextSet = 0

  /// The part of the device's memory that a case may use.
  private static let usablePart = 0.8

  /// - Throws: ``NotRun`` where the device has not the memory.
  init(_ posed: TimingCase, on device: CheckedDevice, numbers: DeviceNumbers) throws {
    self.posed = posed
    self.device = device
    let plan = try CUDAAttentionPlan(posed.descriptor(), on: device.traits)
    self.plan = plan
    let setBytes = posed.bytes + plan.workspaceBytes
    let needed = setBytes * Self.setCount(bytes: posed.bytes, cache: device.device.secondLevelCacheBytes)
    let usable = Int(Double(device.device.memoryBytes) * Self.usablePart)
    guard needed <= usable else {
      throw NotRun(
        reason: "it needs \(ByteCount.description(needed)) of the \(ByteCount.description(usable)) that may be used")
    }
    sets = try (0..<Self.setCount(bytes: posed.bytes, cache: device.device.secondLevelCacheBytes)).map { index in
      try TimingSet(plan, filledFrom: numbers, at: index * 30_011, on: device.stream)
    }
    try device.stream.synchronize()
  }

  /// The number of input sets: 1 where one does not fit the second-level cache twice, else as many as fit it twice, and
  /// one more.
  static func setCount(bytes: Int, cache: Int) -> Int {
    bytes > 2 * cache ? 1 : min(2 * cache / max(bytes, 1) + 1, 64)
  }

  var setCount: Int { sets.count }

  /// The set of the first call, for a look at its results.
  var firstSet: TimingSet { sets[0] }

  /// Queues calls one after the other, each between two events, and returns the device's times.
  func times(runs: Int) throws -> RunTimes {
    let stream = device.stream
    var events: [(start: CUDAEvent, end: CUDAEvent)] = []
    for _ in 0..<runs {
      events.append(
        (try CUDAEvent(in: stream.context, isTimed: true), try CUDAEvent(in: stream.context, isTimed: true)))
    }
    for (start, end) in events {
      try start.record(on: stream)
      try sets[nextSet].enqueue()
      try end.record(on: stream)
      nextSet = (nextSet + 1) % sets.count
    }
    try stream.synchronize()
    return RunTimes(try events.map { Double(try $0.end.milliseconds(since: $0.start)) / 1000 })
  }

  /// Runs every set at least once, and then until the device's clock has risen.
  ///
  /// - Returns: The median time of the last runs, in seconds.
  func warmUp(seconds: Double = 0.2) throws -> Double {
    let first = try times(runs: max(sets.count, 3)).median
    return try times(runs: min(max(Int(seconds / max(first, 1e-6)), 3), 1000)).median
  }
}
