import CUDADriver
import FlashAttention

/// What a call costs the host: the first of its kind in a process, and one that is planned.
struct HostTimes {
  let device: CheckedDevice

  private static let firstCallTarget = 1.0
  private static let launchTarget = 10e-6

  /// A causal call of dimension 128 from its plan to its result, with its kernel's text written and assembled: to be
  /// measured before anything else. Where the driver has the kernel in its cache from another process, it shows.
  func firstCall() throws -> CheckLine {
    let set = try TimingCase(shape: Self.shape(length: 512, dimension: 128), isCausal: true)
    let numbers = try DeviceNumbers(NormalNumbers(.bfloat16, count: 4099), on: device.stream)
    try device.stream.synchronize()
    let stopwatch = Stopwatch()
    let plan = try CUDAAttentionPlan(set.descriptor(), on: device.traits)
    let planned = stopwatch.seconds
    let tensors = try TimingSet(plan, filledFrom: numbers, at: 0, on: device.stream)
    let prepared = stopwatch.seconds
    try tensors.enqueue()
    try device.stream.synchronize()
    let total = stopwatch.seconds
    return CheckLine(
      kind: .firstCall, name: "first call",
      members: set.jsonMembers + [
        ("kernel", .text(plan.kernelName)), ("plan_seconds", .number(planned)),
        ("prepare_seconds", .number(prepared - planned)), ("run_seconds", .number(total - prepared)),
        ("seconds", .number(total)),
      ],
      text: "host     first call: \(Seconds.description(total)), of which \(Seconds.description(prepared - planned)) "
        + "to write and load its kernel",
      verdict: .target(name: "below \(Seconds.description(Self.firstCallTarget))", isMet: total < Self.firstCallTarget))
  }

  /// The host's time to queue a planned call, while the device has nothing else to do.
  func launch() throws -> CheckLine {
    let posed = TimingCase(shape: try Self.shape(length: 64, dimension: 64), isCausal: true)
    let numbers = try DeviceNumbers(NormalNumbers(.bfloat16, count: 4099), on: device.stream)
    let plan = try CUDAAttentionPlan(posed.descriptor(), on: device.traits)
    let tensors = try TimingSet(plan, filledFrom: numbers, at: 0, on: device.stream)
    try tensors.enqueue()
    try device.stream.synchronize()
    // Few at a time, because a full queue would hold the host up.
    let batch = 100
    let times = RunTimes(
      try (0..<20).map { _ in
        let stopwatch = Stopwatch()
        for _ in 0..<batch { try tensors.enqueue() }
        let seconds = stopwatch.seconds / Double(batch)
        try device.stream.synchronize()
        return seconds
      })
    return CheckLine(
      kind: .launch, name: "planned call",
      members: posed.jsonMembers + [
        ("kernel", .text(plan.kernelName)), ("launches", .integer(plan.modules.count)),
      ] + times.jsonMembers,
      text: "host     planned call: queued in \(Seconds.description(times.median)), min "
        + Seconds.description(times.minimum),
      verdict: .target(
        name: "below \(Seconds.description(Self.launchTarget))", isMet: times.median < Self.launchTarget))
  }

  private static func shape(length: Int, dimension: Int) throws -> AttentionShape {
    try AttentionShape(
      batch: 1, queryHeads: 2, keyValueHeads: 2, queryLength: length, keyLength: length, headDimension: dimension,
      valueDimension: dimension)
  }
}
