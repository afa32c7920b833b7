import Tensors

extension DriverInterface {
  /// A failure in the driver's words, on one line: the entry point, the name of the status and its sentence.
  func words(for failure: DriverFailure) -> String {
    let name = name(of: failure.status) ?? "status \(failure.status.rawValue)"
    guard let explanation = explanation(of: failure.status) else {
      return "\(failure.entryPoint.rawValue): \(name)"
    }
    return "\(failure.entryPoint.rawValue): \(name), \(explanation.onOneLine)"
  }
}

extension AttentionError {
  /// The one place where a failing status becomes the package's error.
  ///
  /// - Parameters:
  ///   - failure: What failed.
  ///   - device: The device that it failed on.
  ///   - driver: The driver, for its words.
  ///   - log: What the assembler said, where it was the assembler that failed.
  init(_ failure: DriverFailure, on device: CUDADevice, driver: any DriverInterface, log: String = "") {
    let words = driver.words(for: failure)
    let log = log.onOneLine
    self = .deviceFailure(device.description, reason: log.isEmpty ? words : "\(words); \(log)")
  }
}

extension String {
  /// The text with its lines joined and without spaces around them, so that an error stays one line.
  var onOneLine: String {
    split(whereSeparator: \.isNewline)
      .map { line in String(line.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()) }
      .filter { !$0.isEmpty }
      .joined(separator: "; ")
  }
}
