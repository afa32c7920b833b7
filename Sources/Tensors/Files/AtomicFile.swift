import Glibc

/// A file that appears under its name complete or not at all.
enum AtomicFile {
  /// Writes a file through `body`, replacing one that is there.
  ///
  /// The bytes go to a temporary file in the same directory, which takes the name when all of them have reached the
  /// device and is removed where anything fails. Whoever has the former file open or mapped keeps its contents.
  ///
  /// - Throws: What `body` throws, and ``AttentionError/inputOutput(_:reason:)`` where the system refuses or where the
  ///   path names something that is not a regular file.
  static func write(to path: String, _ body: (FileSink) throws -> Void) throws {
    try ByteOrder.requireLittleEndianHost()
    let target = try resolve(path)
    let temporary = temporaryPath(beside: target)
    let sink = FileSink(
      path: path, descriptor: try open(temporary, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: 0o666))
    do {
      defer { close(sink.descriptor) }
      try body(sink)
      guard fsync(sink.descriptor) == 0 else { throw FileSystem.failure(path) }
      guard rename(temporary, target) == 0 else { throw FileSystem.failure(path) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// The file to replace: where a symbolic link points, so that the link stays one.
  private static func resolve(_ path: String) throws -> String {
    try FileSystem.requireRepresentable(path)
    guard !path.isEmpty else { throw FileSystem.failure(path, ENOENT) }
    var status = stat()
    // Without this check, renaming would replace a device such as /dev/null by a file.
    guard stat(path, &status) == 0 else { return path }
    try FileSystem.requireRegularFile(path, status)
    guard let resolved = realpath(path, nil) else { throw FileSystem.failure(path) }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// A name that does not grow with the target's, which may be as long as the file system permits.
  private static func temporaryPath(beside target: String) -> String {
    // By bytes, because a combining character after the slash would join it into another character.
    let directory = target.utf8.lastIndex(of: UInt8(ascii: "/")).map { target[...$0] } ?? ""
    return directory + ".flash-" + String(UInt64.random(in: 0 ... .max), radix: 36) + ".tmp"
  }

  /// Opens the temporary file, naming in errors the file that was asked for.
  private static func open(_ temporary: String, _ path: String, _ flags: Int32, mode: mode_t) throws -> Int32 {
    do {
      return try FileSystem.open(temporary, flags, mode: mode)
    } catch AttentionError.inputOutput(_, let reason) {
      throw AttentionError.inputOutput(path, reason: reason)
    }
  }
}
