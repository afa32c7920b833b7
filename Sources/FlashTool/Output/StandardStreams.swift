import FlashAttention

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Standard output, whose failures are errors like those of any other file.
enum StandardOutput {
  static func write(_ text: String) throws {
    guard FileDescriptor.write(text, to: STDOUT_FILENO) else {
      throw AttentionError.inputOutput("standard output", reason: String(cString: strerror(errno)))
    }
  }

  static func writeLine(_ text: String) throws {
    try write(text + "\n")
  }
}

/// Standard error, where there is nobody left to tell about a failure.
enum StandardError {
  static func write(_ text: String) {
    _ = FileDescriptor.write(text, to: STDERR_FILENO)
  }

  /// Whether a person is looking at it.
  static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// Unbuffered writing, so that a failure shows where it happens.
enum FileDescriptor {
  /// Writes all of a text; where it cannot, returns false and leaves the reason in `errno`.
  static func write(_ text: String, to descriptor: Int32) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        #if canImport(Glibc)
          let written = Glibc.write(descriptor, rest.baseAddress, rest.count)
        #elseif canImport(Musl)
          let written = Musl.write(descriptor, rest.baseAddress, rest.count)
        #endif
        if written < 0 && errno == EINTR { continue }
        if written < 0 { return false }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
      }
      return true
    }
  }
}

extension String {
  /// The text without line breaks and characters that steer a terminal, which names in files and arguments may have.
  var onOneLine: String {
    let printable = unicodeScalars.map { scalar -> String in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: " "
      default: String(scalar)
      }
    }
    return printable.joined().split(separator: " ").joined(separator: " ")
  }
}
