/// One thing that a check found: an object of JSON, and a line for people.
struct CheckLine {
  /// What a line is about; the raw value is the object's `kind`.
  enum Kind: String, Sendable {
    case device
    case firstCall = "first_call"
    case kernel
    case correctness
    case copy
    case forward
    case decode
    case launch
    case failed
    case notRun = "not_run"
    case timeout
    case summary
  }

  let kind: Kind
  let name: String
  let members: [(String, JSONText)]
  let text: String
  /// Whether what was found is as the contract or a target wants it; nil where neither says anything.
  var verdict: Verdict?

  /// What was found against what is wanted.
  enum Verdict: Sendable {
    /// The contract holds, or does not: a result is wrong.
    case contract(isKept: Bool)
    /// A time or a rate reaches its target, or does not yet.
    case target(name: String, isMet: Bool)
  }

  var json: JSONText {
    .object([("kind", .text(kind.rawValue)), ("name", .text(name))] + verdictMembers + members)
  }

  private var verdictMembers: [(String, JSONText)] {
    switch verdict {
    case .contract(let isKept): [("passed", .truth(isKept))]
    case .target(let name, let isMet): [("target", .text(name)), ("met", .truth(isMet))]
    case nil: []
    }
  }
}

extension CheckLine {
  /// A case that could not be finished, and why.
  static func failed(_ name: String, _ reason: String) -> CheckLine {
    CheckLine(kind: .failed, name: name, members: [("reason", .text(reason))], text: "FAILED   \(name): \(reason)")
  }

  /// A case that was not begun, and why.
  static func notRun(_ name: String, _ reason: String) -> CheckLine {
    CheckLine(kind: .notRun, name: name, members: [("reason", .text(reason))], text: "not run  \(name): \(reason)")
  }

  /// A case that did not end in its time.
  static func timeout(_ name: String, seconds: Double) -> CheckLine {
    CheckLine(
      kind: .timeout, name: name, members: [("limit_seconds", .number(seconds))],
      text: "HANGS    \(name): has not ended after \(Seconds.description(seconds)); the device may need a reset")
  }
}
