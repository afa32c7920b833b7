/// An entry point that did not succeed, and the status that it returned.
///
/// What a ``DriverInterface`` throws. The layer above turns it into the package's public error, with the driver's own
/// words for the status.
public struct DriverFailure: Error, Hashable, Sendable {
  /// The entry point that returned the status.
  public let entryPoint: EntryPoint

  /// The status, never ``DriverStatus/success``.
  public let status: DriverStatus

  public init(_ entryPoint: EntryPoint, _ status: DriverStatus) {
    self.entryPoint = entryPoint
    self.status = status
  }
}
