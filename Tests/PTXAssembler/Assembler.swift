import Foundation
import PTX

/// ptxas, which knows what PTX is; scripts/install-ptxas brings it.
public struct Assembler: Sendable {
  let executable: String

  /// The one that the environment names, or the one in the checkout.
  public static let installed: Assembler? = {
    let named = ProcessInfo.processInfo.environment["PTXAS"]
    let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../.ptxas/bin/ptxas")
    let path = named ?? checkout.standardizedFileURL.path()
    return FileManager.default.isExecutableFile(atPath: path) ? Assembler(executable: path) : nil
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

  public func assemble(_ module: Module) throws -> Report {
    try assemble(module.text, target: module.target.rawValue, options: ["-v"])
  }

  /// What ptxas does not like about a text; nil where it is content.
  public func complaint(about text: String, target: String = "sm_90a") throws -> String? {
    let report = try assemble(text, target: target, options: ["-O0"])
    return report.isAccepted ? nil : report.text
  }

  private func assemble(_ text: String, target: String, options: [String]) throws -> Report {
    let folder = FileManager.default.temporaryDirectory.appending(path: "ptx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appending(path: "module.ptx")
    try text.write(to: source, atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments =
      options + ["-arch", target, source.path(), "-o", folder.appending(path: "module.cubin").path()]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Report(isAccepted: process.terminationStatus == 0, text: String(decoding: bytes, as: UTF8.self))
  }
}
