import FlashAttention
import Synchronization

/// Where a check says what it finds, as it finds it: objects of JSON in a file, and text for people.
///
/// Every line is written before the next case begins, so that a run that is cut off has said what it found. Any thread
/// may write, because the one that runs the cases may hang in the driver.
final class CheckReport: Sendable {
  private let file: Int32?
  private let path: String
  private let writeText: @Sendable (String) throws -> Void
  private let state = Mutex(CheckTally())

  /// - Parameters:
  ///   - path: The file for JSON; nil for none. A file that is there is replaced.
  ///   - writeText: Writes a line for people.
  init(path: String?, writeText: @escaping @Sendable (String) throws -> Void) throws {
    self.path = path ?? ""
    file = try path.map { try TextFile.openedForReplacing($0) }
    self.writeText = writeText
  }

  deinit {
    if let file { TextFile.closeFile(file) }
  }

  var tally: CheckTally { state.withLock { $0 } }

  func add(_ line: CheckLine) throws {
    try state.withLock { tally in
      tally.count(line)
      try write(line)
    }
  }

  /// Writes the last line.
  func end(seconds: Double) throws {
    try state.withLock { tally in try write(tally.summary(seconds: seconds)) }
  }

  private func write(_ line: CheckLine) throws {
    if let file, !FileDescriptor.write(line.json.description + "\n", to: file) { throw TextFile.failure(path) }
    try writeText(line.text)
  }
}
