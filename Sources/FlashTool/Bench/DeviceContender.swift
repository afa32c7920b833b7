import CUDADriver
import FlashAttention

/// The first usable CUDA device, with the tensors of a case in its memory. Only forward passes take part.
final class DeviceContender<Element: AttentionElement>: BenchContender {
  let plan: PassPlan
  private let stream: CUDAStream
  private let queries: CUDATensor<Element>
  private let keys: CUDATensor<Element>
  private let values: CUDATensor<Element>
  private let result: CUDAAttentionResult<Element>
  private let start: CUDAEvent
  private let end: CUDAEvent
  private let extraBytes: Int
  private var prepared: PreparedCUDAAttention

  init(_ problem: BenchProblem<Element>) throws {
    let shape = problem.benchCase.shape
    let descriptor = try AttentionDescriptor(
      shape: shape, elementType: Element.attentionElementType, mask: problem.mask)
    try CUDAAttentionPlan.check(descriptor, problem.benchCase.direction == .forward ? .forward : .backward)
    stream = try CUDAStream(in: CUDADevices.context())
    let plan = try CUDAAttentionPlan(descriptor, on: CUDADeviceTraits(stream.context.device))
    self.plan = .device(plan)
    extraBytes = plan.workspaceBytes
    queries = try problem.queries.copied(to: stream)
    keys = try problem.keys.copied(to: stream)
    values = try problem.values.copied(to: stream)
    result = CUDAAttentionResult(
      output: try CUDATensor(unwritten: shape.output, on: stream),
      logSumExp: try CUDATensor(unwritten: shape.rows, on: stream))
    start = try CUDAEvent(in: stream.context, isTimed: true)
    end = try CUDAEvent(in: stream.context, isTimed: true)
    prepared = try plan.prepare(on: stream)
  }

  /// Queues the call between two events, and returns the device's time from one to the other.
  func timedRun() throws -> Double {
    try start.record(on: stream)
    try prepared.attend(queries: queries, keys: keys, values: values, into: result)
    try end.record(on: stream)
    try end.synchronize()
    return Double(try end.milliseconds(since: start)) / 1000
  }

  func measureMemory() throws -> (results: BenchProblem<Element>.Results, extraBytes: Int) {
    _ = try timedRun()
    let forward = AttentionResult(
      output: try result.output.copiedToHost(on: stream), logSumExp: try result.logSumExp.copiedToHost(on: stream))
    return (BenchProblem.Results(forward: forward), extraBytes)
  }

  /// Ten runs, in which the device raises its clock.
  func warmUp() throws -> Double {
    var seconds = 0.0
    for _ in 0..<10 { seconds = try timedRun() }
    return seconds
  }
}
