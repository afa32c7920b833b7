import Foundation
import PTX

/// ptxas, which knows what PTX is, and nvdisasm, which shows what becomes of it; scripts/install-ptxas brings both.
public struct Assembler: Sendable {
  let assembler: String
  let disassembler: String

  /// Those that the environment names, or those in the checkout; nil where one is missing.
  public static let installed: Assembler? = {
    func find(_ tool: String) -> String? {
      let named = ProcessInfo.processInfo.environment[tool.uppercased()]
      let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.ptxas/bin/\(tool)")
      let path = named ?? checkout.standardizedFileURL.path()
      return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
    guard let assembler = find("ptxas"), let disassembler = find("nvdisasm") else { return nil }
    return Assembler(assembler: assembler, disassembler: disassembler)
  }()

  /// What ptxas says of a module.
  public struct Report: Sendable {
    public let isAccepted: Bool
    public let text: String

    /// Registers of a thread.
    public var registers: Int { numbers(/Used (\d+) registers/).max() ?? 0 }

    /// Bytes that registers had to be kept in.
    public var spilledBytes: Int { numbers(/(\d+) bytes spill stores/).reduce(0, +) }

    /// Warnings that products of warpgroups run one after the other, or that registers are not dealt out.
    public var isSerialized: Bool { text.contains("C75") }

    /// Whether the kernel runs as it was meant to.
    public var isClean: Bool { isAccepted && spilledBytes == 0 && !isSerialized }

    private func numbers(_ pattern: Regex<(Substring, Substring)>) -> [Int] {
      text.matches(of: pattern).compactMap { Int($0.output.1) }
    }
  }

  /// - Parameter architecture: What to assemble for; nil for the instruction set that the module is written in.
  public func assemble(_ module: Module, for architecture: String? = nil) throws -> Report {
    try assemble(module.text, target: architecture ?? module.target.rawValue, options: ["-v"])
  }

  /// What ptxas does not like about a text; nil where it is content.
  public func complaint(about text: String, target: String = "sm_90a") throws -> String? {
    let report = try assemble(text, target: target, options: ["-O0"])
    return report.isAccepted ? nil : report.text
  }

  /// The machine code of a module, an instruction a line.
  public func machineCode(of module: Module) throws -> [Substring] {
    try inFolder { folder in
      let (source, binary) = (folder.appending(path: "module.ptx"), folder.appending(path: "module.cubin"))
      try module.text.write(to: source, atomically: true, encoding: .utf8)
      _ = try run(assembler, ["-arch", module.target.rawValue, source.path(), "-o", binary.path()])
      return try run(disassembler, ["-c", binary.path()]).text.split(separator: "\n")
    }
  }

  private func assemble(_ text: String, target: String, options: [String]) throws -> Report {
    try inFolder { folder in
      let (source, binary) = (folder.appending(path: "module.ptx"), folder.appending(path: "module.cubin"))
      try text.write(to: source, atomically: true, encoding: .utf8)
      let (isSuccess, text) = try run(assembler, options + ["-arch", target, source.path(), "-o", binary.path()])
      return Report(isAccepted: isSuccess, text: text)
    }
  }

  private func inFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ptx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  private func run(_ program: String, _ arguments: [String]) throws -> (isSuccess: Bool, text: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus == 0, String(decoding: bytes, as: UTF8.self))
  }
}
