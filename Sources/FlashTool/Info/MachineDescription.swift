import FlashAttention

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What `flash info` tells.
struct MachineDescription: CustomStringConvertible {
  let processor: Processor
  /// The processor's name, where the system tells it.
  let modelName: String?
  let devices: DeviceListing

  var description: String {
    let cores = "\(processor.cores) usable by this process"
    var lines = [
      ("flash", FlashTool.version),
      ("processor", modelName ?? "unknown"),
      ("cores", cores),
      ("memory", ByteCount.description(processor.memory)),
      ("level 1 data cache", "\(ByteCount.description(processor.level1Cache)) per core"),
      ("level 2 cache", "\(ByteCount.description(processor.level2Cache)) per core"),
      ("level 3 cache", ByteCount.description(processor.level3Cache)),
    ].map { Self.line($0, $1) }
    lines += ["", "instruction sets"]
    for set in InstructionSet.allCases {
      lines.append("  " + Self.line(set.rawValue, usability(processor.refusals[set]), width: 18))
    }
    lines += ["", "devices"]
    lines.append("  " + Self.line("cpu", usability(nil), width: 18))
    let driver = devices.driverVersion.map { ", with a driver of CUDA \($0)" } ?? ""
    lines.append("  " + Self.line("cuda", usability(devices.refusal) + driver, width: 18))
    lines += devices.lines.map { "    \($0)" }
    return lines.joined(separator: "\n")
  }

  private func usability(_ refusal: String?) -> String {
    refusal.map { "not usable: \($0)" } ?? "usable"
  }

  private static func line(_ name: String, _ value: String, width: Int = 20) -> String {
    name.padded(to: width) + " " + value
  }
}

// MARK: JSON

extension MachineDescription {
  var json: JSONText {
    .object([
      ("version", .text(FlashTool.version)),
      (
        "processor",
        .object([
          ("model", .text(modelName)), ("cores", .integer(processor.cores)),
          ("level1_cache_bytes", .integer(processor.level1Cache)),
          ("level2_cache_bytes", .integer(processor.level2Cache)),
          ("level3_cache_bytes", .integer(processor.level3Cache)), ("memory_bytes", .integer(processor.memory)),
        ])
      ),
      (
        "instruction_sets",
        .array(InstructionSet.allCases.map { Self.json(name: $0.rawValue, refusal: processor.refusals[$0]) })
      ),
      (
        "devices",
        .array([
          Self.json(name: "cpu", refusal: nil),
          Self.json(name: "cuda", refusal: devices.refusal, devices.jsonMembers),
        ])
      ),
    ])
  }

  private static func json(name: String, refusal: String?, _ more: [(String, JSONText)] = []) -> JSONText {
    .object([("name", .text(name)), ("usable", .truth(refusal == nil)), ("reason", .text(refusal))] + more)
  }
}

// MARK: Name

extension MachineDescription {
  /// The processor's name as the kernel tells it.
  static func currentModelName() -> String? {
    ProcessFile.contents("/proc/cpuinfo").flatMap(modelName(in:))
  }

  /// The first model name in the text of `/proc/cpuinfo`; on some architectures there is none.
  static func modelName(in text: String) -> String? {
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let words = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
      return words.isEmpty ? nil : words.joined(separator: " ")
    }
    return nil
  }
}
