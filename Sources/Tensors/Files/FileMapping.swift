import Glibc

/// The bytes of a file, mapped into memory for reading.
///
/// The pages are shared with the system's file cache and are read when they are touched. The file must keep its length
/// and contents while the mapping lives; replacing it by another file of the same name, as ``AtomicFile`` does, leaves
/// the mapping as it was. Nothing writes the memory, which is what the unchecked conformance to `Sendable` states.
final class FileMapping: @unchecked Sendable {
  /// The path as the caller wrote it.
  let path: String
  private let bytes: UnsafeRawBufferPointer

  /// Maps a regular file.
  ///
  /// - Throws: ``AttentionError/inputOutput(_:reason:)`` where the system refuses or the path names no regular file.
  init(path: String) throws {
    try ByteOrder.requireLittleEndianHost()
    self.path = path
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    let descriptor = try FileSystem.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileSystem.failure(path) }
    try FileSystem.requireRegularFile(path, status)
    let count = Int(status.st_size)
    // The system maps no empty range.
    guard count > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw FileSystem.failure(path)
    }
    bytes = UnsafeRawBufferPointer(start: base, count: count)
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }

  /// The file's size.
  var count: Int { bytes.count }

  /// Calls `body` with the bytes of a part of the file.
  ///
  /// - Precondition: `range` lies within the file.
  func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of a file of \(count)")
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
  }

  /// A copy of the bytes of a part of the file.
  ///
  /// - Precondition: `range` lies within the file.
  func copy(_ range: Range<Int>) -> [UInt8] {
    withBytes(range) { Array($0) }
  }

  /// The unsigned little-endian integer in a part of the file.
  ///
  /// - Precondition: `range` lies within the file and has at most eight bytes.
  func unsignedInteger(_ range: Range<Int>) -> UInt64 {
    withBytes(range) { bytes in bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
  }

  /// The error that says what is wrong with the file's contents.
  func malformed(_ reason: String) -> AttentionError {
    .malformedFile(path, reason: reason)
  }
}
