import Foundation

/// A directory of its own for one test, which is removed with all that is in it.
struct TemporaryDirectory {
  let path: String

  /// Calls `body` with a new directory and removes it afterwards.
  static func with<Result>(_ body: (TemporaryDirectory) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "flash-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(TemporaryDirectory(path: url.path))
  }

  /// The path of a file in the directory.
  func file(_ name: String) -> String {
    path + "/" + name
  }

  /// Writes a file and returns its path.
  func write(_ bytes: [UInt8], name: String = "file") throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  func read(_ path: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(filePath: path)))
  }

  /// The names of the files in the directory.
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}
