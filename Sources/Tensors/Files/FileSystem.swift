import Glibc

/// The system's file calls, with their refusals as errors.
enum FileSystem {
  /// The error that the last failing call left behind, for a path as the caller wrote it.
  static func failure(_ path: String, _ code: Int32 = errno) -> AttentionError {
    .inputOutput(path, reason: String(cString: strerror(code)))
  }

  /// Opens a file and returns its descriptor.
  static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws -> Int32 {
    try requireRepresentable(path)
    while true {
      let descriptor = Glibc.open(path, flags, mode)
      if descriptor >= 0 { return descriptor }
      if errno != EINTR { throw failure(path) }
    }
  }

  /// Throws for a path that the system's calls would cut at a NUL, so that they would name another file.
  static func requireRepresentable(_ path: String) throws {
    guard !path.utf8.contains(0) else {
      throw AttentionError.invalidArgument("path", was: path.quoted, expected: "a path without a NUL character")
    }
  }

  /// Throws where a status is not that of a regular file.
  static func requireRegularFile(_ path: String, _ status: stat) throws {
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw failure(path, EISDIR)
    default: throw AttentionError.inputOutput(path, reason: "Not a regular file")
    }
  }
}
