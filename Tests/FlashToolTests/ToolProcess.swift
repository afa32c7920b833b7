import Foundation

/// The built executable, run as a user runs it.
enum ToolProcess {
  struct Outcome {
    let status: Int32
    let output: String
    let error: String

    /// The lines on standard error; the empty text after the last line break is none.
    var errorLines: [Substring] { error.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }
  }

  /// Runs `flash` on a text as standard input and waits for its end.
  static func run(_ arguments: [String], input: String = "") throws -> Outcome {
    let process = Process()
    // The executable is built next to the one that runs the tests.
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    process.executableURL = URL(filePath: tests).deletingLastPathComponent().appending(path: "flash")
    process.arguments = arguments
    let (standardInput, output, error) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = error
    // A pipe holds more than a test writes, so nobody need read yet.
    standardInput.fileHandleForWriting.write(Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    try process.run()
    let outputData = output.fileHandleForReading.readDataToEndOfFile()
    let errorData = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: outputData, as: UTF8.self),
      error: String(decoding: errorData, as: UTF8.self))
  }
}

/// A directory of its own for one test, which is removed with all that is in it.
struct Workplace {
  let path: String

  static func with<Result>(_ body: (Workplace) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "flash-tool-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(Workplace(path: url.path))
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// The names of the files in the directory.
  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}
