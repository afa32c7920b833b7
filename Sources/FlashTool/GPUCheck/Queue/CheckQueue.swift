import FlashAttention

/// The cases of a check in the order in which they matter, run until the time is up.
struct CheckQueue {
  /// The seconds that all cases together may take.
  let budget: Double
  /// The seconds since the start.
  let elapsed: () -> Double
  let report: CheckReport
  let watchdog: CheckWatchdog
  /// Why the device can no longer be used, as a clause; nil while it can.
  let breakage: () -> String?

  /// The longest that a case may take, so that one that hangs leaves most of the time to a second run without it.
  private var longest: Double { budget / 10 }

  /// Runs the items, and reports those that there is no time for as not run.
  ///
  /// - Throws: ``AttentionError/inputOutput(_:reason:)`` where the report cannot be written; what a case throws is
  ///   reported.
  func run(_ items: [CheckItem]) throws {
    for item in items {
      let limit = min(item.limit, longest)
      if let reason = breakage() {
        try report.add(.notRun(item.name, reason))
      } else if elapsed() + limit > budget {
        try report.add(.notRun(item.name, "the time is up"))
      } else {
        for line in lines(of: item, limit: limit) { try report.add(line) }
      }
    }
  }

  private func lines(of item: CheckItem, limit: Double) -> [CheckLine] {
    watchdog.watch(item.name, limit: limit)
    defer { watchdog.rest() }
    do {
      return try item.run()
    } catch let refusal as NotRun {
      return [.notRun(item.name, refusal.reason)]
    } catch {
      return [.failed(item.name, (error as? AttentionError)?.description ?? "\(error)")]
    }
  }
}
