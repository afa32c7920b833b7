import Foundation
import Testing

@testable import FlashTool

@Suite("Paced bench")
struct PacedBenchTests {
  private static let arguments = [
    "bench", "--paced", "--shape", "1,4,2,40,60,16,8", "--backend", "cpu", "--mask", "causal", "--threads", "1",
  ]

  @Test(
    "says what it is ready for, then answers every line",
    arguments: ["forward", "backward", "forward-backward"])
  func turns(direction: String) throws {
    let outcome = try ToolProcess.run(Self.arguments + ["--direction", direction], input: "\n3\n")
    #expect(outcome.status == 0, "\(outcome.error)")
    let objects = try outcome.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    try #require(objects.count == 3)
    #expect(objects[0]["backend"] as? String == "cpu")
    #expect(objects[0]["shape"] as? [Int] == [1, 4, 2, 40, 60, 16, 8])
    #expect(objects[0]["direction"] as? String == direction)
    #expect((objects[0]["extra_bytes"] as? Int ?? 0) > 0)
    for (turn, runs) in zip(objects[1...], [1, 3]) {
      #expect(turn["runs"] as? Int == runs)
      let minimum = try #require(turn["seconds_min"] as? Double)
      let median = try #require(turn["seconds_median"] as? Double)
      #expect(minimum > 0 && minimum <= median)
    }
  }

  @Test("a line that is no number ends it with 65", arguments: ["x", "0", "-1", "1 2"])
  func badLine(line: String) throws {
    let outcome = try ToolProcess.run(Self.arguments, input: "\(line)\n")
    #expect(outcome.status == 65)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.error.contains("\"\(line)\""))
  }

  @Test("the median of an even number of times lies between the middle two")
  func median() {
    #expect(RunTimes([3, 1, 2]).median == 2)
    #expect(RunTimes([4, 1, 3, 2]).median == 2.5)
    #expect(RunTimes([4, 1, 3, 2]).minimum == 1)
  }
}
