import Foundation
import Testing

@testable import FlashAttention

@Suite("Cache sizes")
struct CacheSizesTests {
  @Test(
    "Sizes are read with their units", arguments: [("32K", 32 << 10), ("1M", 1 << 20), ("2G", 2 << 30), ("77", 77)])
  func units(text: String, bytes: Int) { #expect(CacheSizes.bytes(of: text) == bytes) }

  @Test("What is not a size is nil", arguments: ["", "K", "x1M", "1T"])
  func malformed(text: String) { #expect(CacheSizes.bytes(of: text) == nil) }

  @Test("Data caches are told by level, and what is missing is nil")
  func folder() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("caches-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let entries = [("1", "Data", "48K"), ("1", "Instruction", "32K"), ("2", "Unified", "2048K")]
    for (index, (level, type, size)) in entries.enumerated() {
      let entry = folder.appendingPathComponent("index\(index)")
      try FileManager.default.createDirectory(at: entry, withIntermediateDirectories: true)
      for (name, text) in [("level", level), ("type", type), ("size", size)] {
        try Data("\(text)\n".utf8).write(to: entry.appendingPathComponent(name))
      }
    }
    let caches = CacheSizes(folder: folder.path)
    #expect(caches[1] == 48 << 10)
    #expect(caches[2] == 2 << 20)
    #expect(caches[3] == nil)
    #expect(CacheSizes(folder: folder.path + "/none")[1] == nil)
  }
}
