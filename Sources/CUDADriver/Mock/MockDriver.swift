import Synchronization

/// A driver without a device, for tests and for simulators.
///
/// It keeps device memory in host buffers, notes every call, fails where it is told to and hands each launch to a
/// closure, which may execute it on that memory. Work runs when it is queued, so streams order nothing. Like the driver
/// it insists on a current context, learns a kernel's parameters from its text and stays broken after a failed kernel.
/// What gives something back works even when it is told to fail, because the driver then reports an earlier failure.
public final class MockDriver: Sendable {
  /// Executes a launch. What it throws breaks the context, as a faulting kernel does: with the status of a
  /// ``DriverFailure``, or as a failed launch.
  public typealias LaunchHandler = @Sendable (LaunchRecord, MockDriver) throws -> Void

  /// Decides what becomes of a PTX text.
  public typealias Assembler = @Sendable (String, MockDevice, DriverVersion) -> MockAssembly

  /// The handle of the primary context of device 0; the others follow.
  static let firstContext: UInt = 0x100

  let devices: [MockDevice]
  let driverVersion: DriverVersion
  let assembler: Assembler
  let launchHandler: LaunchHandler

  /// Device time that a launch takes, for the times between events.
  let launchMilliseconds: Double

  let state = Mutex(MockState())

  public init(
    devices: [MockDevice] = [.hopper], version: DriverVersion = DriverVersion(12, 4), launchMilliseconds: Double = 1,
    assembler: @escaping Assembler = { MockAssembly.checkingHead(of: $0, on: $1, driver: $2) },
    launchHandler: @escaping LaunchHandler = { _, _ in }
  ) {
    self.devices = devices
    driverVersion = version
    self.launchMilliseconds = launchMilliseconds
    self.assembler = assembler
    self.launchHandler = launchHandler
  }

  /// Runs a call: notes it, fails where it is to fail, and otherwise does `body`.
  func call<Result: Sendable>(
    _ entryPoint: EntryPoint, _ body: (inout MockState) throws(DriverFailure) -> Result
  ) throws(DriverFailure) -> Result {
    try state.withLock { state throws(DriverFailure) in
      if let status = state.begin(entryPoint) {
        throw DriverFailure(entryPoint, status)
      }
      return try body(&state)
    }
  }

  /// Runs a call that needs a current context, which `body` receives as the position of its device.
  func callInContext<Result: Sendable>(
    _ entryPoint: EntryPoint, _ body: (inout MockState, Int) throws(DriverFailure) -> Result
  ) throws(DriverFailure) -> Result {
    try call(entryPoint) { state throws(DriverFailure) in
      guard let device = state.currentDevice else { throw DriverFailure(entryPoint, .invalidContext) }
      return try body(&state, device)
    }
  }

  /// Runs a call that gives something back, which works even when the call is to fail.
  func callGivingBack(
    _ entryPoint: EntryPoint, _ body: (inout MockState) throws(DriverFailure) -> Void
  ) throws(DriverFailure) {
    try state.withLock { state throws(DriverFailure) in
      let status = state.begin(entryPoint)
      try body(&state)
      if let status {
        throw DriverFailure(entryPoint, status)
      }
    }
  }
}
