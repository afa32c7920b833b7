import CUDADriver
import FlashAttention

/// A timing by events, beside what bounds it, and a look at a few rows of what was computed.
struct TimingCheck {
  let device: CheckedDevice
  let numbers: DeviceNumbers
  /// Whether to find out only whether it works.
  let isQuick: Bool

  /// What a decoding call should reach of the bandwidth that copying has.
  private static let decodingTarget = 0.85

  /// - Parameter copyRate: Bytes a second, read and written, of a copy; nil where that has not been measured.
  func lines(_ posed: TimingCase, copyRate: Double?) throws -> [CheckLine] {
    let problem = try TimingProblem(posed, on: device, numbers: numbers)
    let seconds = try problem.warmUp(seconds: isQuick ? 0.01 : 0.2)
    let runs = isQuick ? 10 : min(max(Int(0.4 / max(seconds, 1e-6)), 10), 500)
    let times = try problem.times(runs: runs)
    return [line(problem, times, copyRate: copyRate), try SampledRows(problem, on: device).line()]
  }

  private func line(_ problem: TimingProblem, _ times: RunTimes, copyRate: Double?) -> CheckLine {
    let (posed, plan) = (problem.posed, problem.plan)
    let teraflops = posed.operations / times.median / 1e12
    let rate = Double(posed.bytes) / times.median
    let budget = plan.budget
    let part = posed.isDecoding ? copyRate.map { rate / $0 } : nil
    var text =
      "\(posed.isDecoding ? "decode  " : "forward ") \(posed.name): median \(Seconds.description(times.median)), min "
      + "\(Seconds.description(times.minimum)), \(Decimals.description(teraflops, places: 1)) TFLOP/s"
    if posed.isDecoding { text += ", \(Decimals.description(rate / 1e9, places: 0)) GB/s" }
    if let part { text += ", \(Decimals.description(100 * part, places: 1)) % of copying" }
    return CheckLine(
      kind: posed.isDecoding ? .decode : .forward, name: posed.name,
      members: posed.jsonMembers + [
        ("isa", .text(plan.instructionSet)), ("kernel", .text(plan.kernelName)), ("splits", .integer(plan.splits)),
        ("runs", .integer(times.count)), ("input_sets", .integer(problem.setCount)),
      ] + times.jsonMembers + [
        ("tflops", .number(teraflops)), ("gigabytes_per_second", .number(rate / 1e9)),
        ("share_of_copy", part.map { .number($0) } ?? .absent),
        ("tensor_share_with_overlap", .number(budget.utilizationWithOverlap)),
        ("tensor_share_without_overlap", .number(budget.utilizationWithoutOverlap)),
      ], text: text,
      verdict: part.map {
        .target(name: "\(Self.decodingTarget) of copying", isMet: $0 >= Self.decodingTarget)
      })
  }
}
