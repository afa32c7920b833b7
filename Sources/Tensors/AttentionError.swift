/// The one error type of the package.
///
/// Every wrong shape, type, file or device is reported as a value of this type. Its ``description`` is one line that
/// names the argument, what it was and what was expected, so that a tool can print it as it is.
public enum AttentionError: Error, Sendable, Hashable {
  /// An argument of a call has a value that the call's contract excludes.
  ///
  /// - Parameters:
  ///   - argument: The argument's name as the caller wrote it, such as `keys`.
  ///   - was: What was passed.
  ///   - expected: What would have been accepted.
  case invalidArgument(_ argument: String, was: String, expected: String)

  /// A file's contents violate its format.
  ///
  /// - Parameters:
  ///   - file: The file's path as the caller wrote it.
  ///   - reason: What is wrong and, where it helps, where.
  case malformedFile(_ file: String, reason: String)

  /// The operating system refused an operation on a file.
  case inputOutput(_ file: String, reason: String)

  /// A back end, instruction set or device that was asked for cannot serve the call here.
  ///
  /// - Parameters:
  ///   - name: The back end, instruction set or device.
  ///   - reason: Why not.
  case unavailable(_ name: String, reason: String)

  /// An operation on a device that is there has failed.
  ///
  /// - Parameters:
  ///   - device: The device.
  ///   - reason: The operation, and what the driver said.
  case deviceFailure(_ device: String, reason: String)
}

extension AttentionError: CustomStringConvertible {
  /// One line that names the argument or file, what it was and what was expected.
  public var description: String {
    switch self {
    case .invalidArgument(let argument, let was, let expected):
      "\(argument): was \(was), expected \(expected)"
    case .malformedFile(let file, let reason):
      "\(file): malformed: \(reason)"
    case .inputOutput(let file, let reason):
      "\(file): \(reason)"
    case .unavailable(let name, let reason):
      "\(name) is not available: \(reason)"
    case .deviceFailure(let device, let reason):
      "\(device) failed: \(reason)"
    }
  }
}
