import FlashAttention
import Foundation
import ReferenceAttention
import Testing

@Suite("Memory")
struct MemoryTests {
  static let isWanted =
    InstructionSet.usable.contains(.avx2)
    && ProcessInfo.processInfo.environment["FLASH_SKIP_LONG_TESTS"] == nil && ResidentMemory.canResetPeak

  /// The score matrix alone would take 64 GiB.
  @Test("131,072 tokens need less than 64 MiB beyond inputs and result", .enabled(if: isWanted))
  func longSequence() async {
    // In a process of its own, because what another test allocates would count as well.
    await #expect(processExitsWith: .success) {
      let tokens = 131_072
      let shape = [1, 1, tokens, 64]
      let queries = try Tensor<Float>.random(shape, seed: 1)
      let keys = try Tensor<Float>.random(shape, seed: 2)
      let values = try Tensor<Float>.random(shape, seed: 3)

      let before = try ResidentMemory.resetPeak()
      let result = try scaledDotProductAttention(
        queries: queries, keys: keys, values: values, mask: .causal(.bottomRight),
        options: ExecutionOptions(backend: .cpu, threads: 2))
      let extra = try ResidentMemory.peak() - before - 4 * (result.output.count + result.logSumExp.count)
      #expect(extra < 64 << 20, "\(ByteCount.description(extra)) beyond inputs and result")

      for row in [0, 1, 65_537, tokens - 1] {
        let attention = try ReferenceAttention(
          queries: queries.view.sliced(2, row..<row + 1), keys: keys.view.sliced(2, 0..<row + 1),
          values: values.view.sliced(2, 0..<row + 1))
        let expected = try attention.forward()
        #expect(ErrorMeasure.relative(try result.output.view.sliced(2, row..<row + 1), expected.output) < 1e-5)
        #expect(abs(Double(result.logSumExp[0, 0, row]) - expected.logSumExp[0, 0, 0]) < 1e-5)
      }
    }
  }
}

/// The memory of this process, as the kernel counts it.
private enum ResidentMemory {
  /// Whether the peak can be set back: not in every container.
  static let canResetPeak = (try? resetPeak()) != nil

  /// Sets the peak back to the current size and returns that, in bytes.
  static func resetPeak() throws -> Int {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "/proc/self/clear_refs"))
    try file.write(contentsOf: Data("5".utf8))
    try file.close()
    return try field("VmRSS")
  }

  static func peak() throws -> Int { try field("VmHWM") }

  private static func field(_ name: String) throws -> Int {
    let status = try String(contentsOf: URL(fileURLWithPath: "/proc/self/status"), encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name + ":") })
    return try #require(Int(line.split(separator: " ").dropLast().last ?? "")) * 1024
  }
}
