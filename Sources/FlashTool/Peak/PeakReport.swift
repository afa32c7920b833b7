import FlashAttention

/// What `flash peak` tells.
struct PeakReport: CustomStringConvertible {
  let ceilings: MachineCeilings

  var description: String {
    let threads = ceilings.threads == 1 ? "1 thread" : "\(ceilings.threads) threads"
    let lines = [
      "\(ceilings.instructionSet.rawValue), \(threads)", "",
      Self.line("fp32 multiply-adds", ceilings.multiplyAdds, "GFLOP/s"),
      Self.line("bf16 dot products", ceilings.pairProducts, "GFLOP/s"),
      Self.line("bf16 tile products", ceilings.tileProducts, "GFLOP/s"),
      Self.line("reading level 1", ceilings.level1, "GB/s"),
      Self.line("reading level 2", ceilings.level2, "GB/s"),
      Self.line("reading level 3", ceilings.level3, "GB/s"),
      Self.line("reading main memory", ceilings.memory, "GB/s"),
    ]
    return lines.joined(separator: "\n")
  }

  private static func line(_ name: String, _ rate: Double?, _ unit: String) -> String {
    let value = rate.map { "\(Decimals.description($0 / 1e9, places: 1).rightAligned(to: 8)) \(unit)" }
    return name.padded(to: 20) + (value ?? "     not there")
  }

  var json: JSONText {
    .object([
      ("isa", .text(ceilings.instructionSet.rawValue)), ("threads", .integer(ceilings.threads)),
      ("fma_gflops", .number(ceilings.multiplyAdds / 1e9)),
      ("bf16_dot_gflops", Self.billions(ceilings.pairProducts)),
      ("bf16_tile_gflops", Self.billions(ceilings.tileProducts)),
      (
        "read_gigabytes_per_second",
        .object([
          ("level1", Self.billions(ceilings.level1)), ("level2", Self.billions(ceilings.level2)),
          ("level3", Self.billions(ceilings.level3)), ("memory", Self.billions(ceilings.memory)),
        ])
      ),
    ])
  }

  private static func billions(_ rate: Double?) -> JSONText {
    rate.map { .number($0 / 1e9) } ?? .absent
  }
}
