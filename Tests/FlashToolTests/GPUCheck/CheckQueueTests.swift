import CUDADriver
import FlashAttention
import Foundation
import Synchronization
import Testing

@testable import FlashTool

@Suite("The queue of gpu-check")
struct CheckQueueTests {
  private static func line(_ name: String) -> CheckLine {
    CheckLine(kind: .correctness, name: name, members: [], text: name, verdict: .contract(isKept: true))
  }

  @Test("a case begins only where all of its time is left, and shorter ones after it still do")
  func budget() throws {
    let written = WrittenLines()
    let report = try CheckReport(path: nil) { written.append($0) }
    let watchdog = try CheckWatchdog { _, _ in }
    defer { watchdog.dismiss() }
    var clock = 0.0
    let queue = CheckQueue(
      budget: 100, elapsed: { clock }, report: report, watchdog: watchdog, breakage: { nil })
    func item(_ name: String, limit: Double, takes seconds: Double) -> CheckItem {
      CheckItem(name: name, limit: limit) {
        clock += seconds
        return [Self.line(name)]
      }
    }
    try queue.run([
      item("long", limit: 50, takes: 91), item("other", limit: 10, takes: 1), item("short", limit: 5, takes: 5),
      item("last", limit: 5, takes: 1),
    ])
    #expect(
      written.all == [
        "long", "not run  other: the time is up", "short", "not run  last: the time is up",
      ])
    #expect(report.tally.notRun == ["other", "last"])
    #expect(report.tally.passed == 2)
  }

  @Test("what a case throws is reported, and the next one runs")
  func failure() throws {
    let written = WrittenLines()
    let report = try CheckReport(path: nil) { written.append($0) }
    let watchdog = try CheckWatchdog { _, _ in }
    defer { watchdog.dismiss() }
    let queue = CheckQueue(budget: 100, elapsed: { 0 }, report: report, watchdog: watchdog, breakage: { nil })
    try queue.run([
      CheckItem(name: "a", limit: 1) { throw AttentionError.deviceFailure("device", reason: "reason") },
      CheckItem(name: "b", limit: 1) { throw NotRun(reason: "no memory") },
      CheckItem(name: "c", limit: 1) { [Self.line("c")] },
    ])
    #expect(written.all == ["FAILED   a: device failed: reason", "not run  b: no memory", "c"])
    #expect(report.tally.failures == ["a"])
  }

  @Test("a report is in its file line by line, before it ends, and its last line sums up")
  func file() throws {
    try Workplace.with { workplace in
      let path = workplace.file("gpu.jsonl")
      let report = try CheckReport(path: path) { _ in }
      try report.add(Self.line("first"))
      let contents = { try JSONLines.objects(String(contentsOfFile: path, encoding: .utf8)) }
      #expect(try contents().map { $0["name"] as? String } == ["first"])
      try report.add(.timeout("second", seconds: 3))
      try report.add(
        CheckLine(kind: .launch, name: "third", members: [], text: "", verdict: .target(name: "fast", isMet: false)))
      try report.end(seconds: 12)
      let objects = try contents()
      #expect(objects.map { $0["kind"] as? String } == ["correctness", "timeout", "launch", "summary"])
      #expect(objects[1]["limit_seconds"] as? Double == 3)
      #expect(objects[3]["failed"] as? [String] == ["second"])
      #expect(objects[3]["targets_missed"] as? [String] == ["third: fast"])
      #expect(objects[3]["seconds"] as? Double == 12)
    }
  }

  @Test("a launch that does not end is reported by name from another thread")
  func hangingLaunch() throws {
    let released = DispatchSemaphore(value: 0)
    // Once released, all launches go through.
    let mock = CheckedMock(.ampere) { _, _ in
      released.wait()
      released.signal()
    }
    let written = WrittenLines()
    let report = try CheckReport(path: nil) { written.append($0) }
    let watchdog = try CheckWatchdog { name, limit in
      try? report.add(.timeout(name, seconds: limit))
      released.signal()
    }
    try mock.whileFound {
      let device = try CheckedDevice(at: nil)
      let queue = CheckQueue(
        budget: 100, elapsed: { 0 }, report: report, watchdog: watchdog, breakage: { device.context.breakage })
      try queue.run([
        CheckItem(name: "the call", limit: 0.3) { [try HostTimes(device: device).firstCall()] }
      ])
    }
    let first = try #require(written.all.first)
    #expect(first.hasPrefix("HANGS    the call: has not ended after 300 ms"))
    #expect(report.tally.failures == ["the call"])
  }

  @Test("a case that ends in its time is not reported")
  func punctual() throws {
    let expirations = Atomic<Int>(0)
    let watchdog = try CheckWatchdog { _, _ in expirations.add(1, ordering: .relaxed) }
    for _ in 0..<3 {
      watchdog.watch("case", limit: 5)
      watchdog.rest()
    }
    watchdog.dismiss()
    usleep(100_000)
    #expect(expirations.load(ordering: .relaxed) == 0)
  }
}
