import FlashAttention

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Text files that the tool draws.
enum TextFile {
  /// Throws where a file cannot be written, before time is spent on what it is to hold.
  static func requireWritable(_ path: String) throws {
    let existed = access(path, F_OK) == 0
    let descriptor = try opened(path, O_WRONLY | O_CREAT | O_CLOEXEC)
    close(descriptor)
    if !existed { unlink(path) }
  }

  /// Writes a file, replacing one that is there.
  static func write(_ text: String, to path: String) throws {
    let descriptor = try openedForReplacing(path)
    defer { closeFile(descriptor) }
    guard FileDescriptor.write(text, to: descriptor) else { throw failure(path) }
  }

  /// Opens a file to be written from its beginning, and empties one that is there.
  static func openedForReplacing(_ path: String) throws -> Int32 {
    try opened(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
  }

  static func closeFile(_ descriptor: Int32) { close(descriptor) }

  private static func opened(_ path: String, _ flags: Int32) throws -> Int32 {
    let descriptor = open(path, flags, 0o666)
    guard descriptor >= 0 else { throw failure(path) }
    return descriptor
  }

  static func failure(_ path: String) -> AttentionError {
    .inputOutput(path, reason: String(cString: strerror(errno)))
  }
}
