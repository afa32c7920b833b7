/// What a check has found so far, in numbers and names.
struct CheckTally: Sendable {
  private(set) var passed = 0
  /// The cases whose results are wrong, that failed, or that did not end.
  private(set) var failures: [String] = []
  private(set) var notRun: [String] = []
  private(set) var targetsMet: [String] = []
  private(set) var targetsMissed: [String] = []

  mutating func count(_ line: CheckLine) {
    switch line.kind {
    case .failed, .timeout: failures.append(line.name)
    case .notRun: notRun.append(line.name)
    default: break
    }
    switch line.verdict {
    case .contract(isKept: true): passed += 1
    case .contract(isKept: false): failures.append(line.name)
    case .target(let target, isMet: true): targetsMet.append("\(line.name): \(target)")
    case .target(let target, isMet: false): targetsMissed.append("\(line.name): \(target)")
    case nil: break
    }
  }

  /// The last line of a report.
  func summary(seconds: Double) -> CheckLine {
    func names(_ names: [String]) -> JSONText { .array(names.map { .text($0) }) }
    var text = [
      "\(passed) results as the contract wants them, \(failures.count) failures, \(notRun.count) not run; "
        + "\(targetsMet.count) targets met, \(targetsMissed.count) not; \(Seconds.description(seconds))"
    ]
    text += failures.map { "failed   \($0)" } + targetsMissed.map { "not met  \($0)" }
    return CheckLine(
      kind: .summary, name: "summary",
      members: [
        ("seconds", .number(seconds)), ("passed", .integer(passed)), ("failed", names(failures)),
        ("not_run", names(notRun)), ("targets_met", names(targetsMet)), ("targets_missed", names(targetsMissed)),
      ], text: text.joined(separator: "\n"))
  }
}
