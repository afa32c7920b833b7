import FlashAttention
import Foundation
import Testing

@testable import FlashTool

@Suite("Ceilings")
struct PeakTests {
  @Test("peak --json has the members that scripts read")
  func json() throws {
    let outcome = try ToolProcess.run(["peak", "--threads", "1", "--json"])
    #expect(outcome.status == 0, "\(outcome.error)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let isa = try #require(InstructionSet.usable.last)
    #expect(object["isa"] as? String == isa.rawValue)
    #expect(object["threads"] as? Int == 1)
    #expect((object["fma_gflops"] as? Double ?? 0) > 0)
    #expect((object["bf16_dot_gflops"] as? Double != nil) == [.avx512bf16, .amx].contains(isa))
    #expect((object["bf16_tile_gflops"] as? Double != nil) == (isa == .amx))
    let read = try #require(object["read_gigabytes_per_second"] as? [String: Any])
    #expect(Set(read.keys) == ["level1", "level2", "level3", "memory"])
    for level in ["level1", "level2", "memory"] { #expect((read[level] as? Double ?? 0) > 0, "\(level)") }
  }

  @Test("every usable instruction set has ceilings", arguments: InstructionSet.usable)
  func sets(set: InstructionSet) {
    let ceilings = MachineCeilings(
      measuring: set, threads: 1,
      on: Processor(cores: 1, level1Cache: 8 << 10, level2Cache: 64 << 10, level3Cache: 1 << 20, memory: 64 << 20))
    #expect(ceilings.multiplyAdds > 0)
    #expect((ceilings.pairProducts != nil) == [.avx512bf16, .amx].contains(set))
    #expect((ceilings.tileProducts != nil) == (set == .amx))
    #expect(ceilings.level1 > 0 && ceilings.level2 > 0 && ceilings.memory > 0)
    #expect(ceilings.level3 != nil)
    let text = PeakReport(ceilings: ceilings).description
    #expect(text.contains("\(set.rawValue), 1 thread\n"))
    #expect(text.contains("not there") == (set != .amx))
  }

  @Test("no level 3 is measured where the second-level caches are as large")
  func withoutLevel3() {
    let ceilings = MachineCeilings(
      measuring: .portable, threads: 1,
      on: Processor(cores: 1, level1Cache: 8 << 10, level2Cache: 64 << 10, level3Cache: 64 << 10, memory: 64 << 20))
    #expect(ceilings.level3 == nil)
    #expect(PeakReport(ceilings: ceilings).json.description.contains("\"level3\": null"))
  }
}
