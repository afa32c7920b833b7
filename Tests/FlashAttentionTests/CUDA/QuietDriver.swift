import CUDADriver
import CUDAInterface
import Synchronization

/// A mock driver whose context is always current and whose launches only count, so that what a launch allocates is what
/// the package allocates. For one thread.
final class QuietDriver: DriverInterface {
  private let mock = MockDriver(devices: [.ampere])
  private let primary = Atomic<UInt>(0)
  private let launchCount = Atomic<Int>(0)

  var launches: Int { launchCount.load(ordering: .relaxed) }

  func retainPrimaryContext(ofDevice device: Int32) throws(DriverFailure) -> ContextHandle {
    let handle = try mock.retainPrimaryContext(ofDevice: device)
    try mock.setCurrentContext(handle)
    primary.store(handle.rawValue, ordering: .relaxed)
    return handle
  }

  func currentContext() throws(DriverFailure) -> ContextHandle {
    ContextHandle(rawValue: primary.load(ordering: .relaxed))
  }

  func setCurrentContext(_ context: ContextHandle) throws(DriverFailure) {}

  func launch(
    _ function: FunctionHandle, configuration: UnsafePointer<DriverLaunchConfiguration>,
    parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(DriverFailure) {
    launchCount.add(1, ordering: .relaxed)
  }

  // MARK: What the mock does

  func initialize() throws(DriverFailure) { try mock.initialize() }
  func version() throws(DriverFailure) -> DriverVersion { try mock.version() }
  func name(of status: DriverStatus) -> String? { mock.name(of: status) }
  func explanation(of status: DriverStatus) -> String? { mock.explanation(of: status) }
  func deviceCount() throws(DriverFailure) -> Int32 { try mock.deviceCount() }
  func device(at ordinal: Int32) throws(DriverFailure) -> Int32 { try mock.device(at: ordinal) }
  func name(ofDevice device: Int32) throws(DriverFailure) -> String { try mock.name(ofDevice: device) }
  func identifier(ofDevice device: Int32) throws(DriverFailure) -> [UInt8] { try mock.identifier(ofDevice: device) }
  func memoryBytes(ofDevice device: Int32) throws(DriverFailure) -> Int { try mock.memoryBytes(ofDevice: device) }

  func attribute(_ attribute: DeviceAttribute, ofDevice device: Int32) throws(DriverFailure) -> Int32 {
    try mock.attribute(attribute, ofDevice: device)
  }

  func releasePrimaryContext(ofDevice device: Int32) throws(DriverFailure) {
    try mock.releasePrimaryContext(ofDevice: device)
  }

  func loadModule(
    _ text: UnsafePointer<CChar>, options: AssemblyOptions, log: inout AssemblyLog
  ) throws(DriverFailure) -> ModuleHandle {
    try mock.loadModule(text, options: options, log: &log)
  }

  func unloadModule(_ module: ModuleHandle) throws(DriverFailure) { try mock.unloadModule(module) }

  func function(named name: String, in module: ModuleHandle) throws(DriverFailure) -> FunctionHandle {
    try mock.function(named: name, in: module)
  }

  func attribute(_ attribute: FunctionAttribute, of function: FunctionHandle) throws(DriverFailure) -> Int32 {
    try mock.attribute(attribute, of: function)
  }

  func setAttribute(
    _ attribute: FunctionAttribute, of function: FunctionHandle, to value: Int32
  ) throws(DriverFailure) {
    try mock.setAttribute(attribute, of: function, to: value)
  }

  func encodeTensorMap(
    _ description: TensorMapDescription, into map: UnsafeMutablePointer<DriverTensorMap>
  ) throws(DriverFailure) {
    try mock.encodeTensorMap(description, into: map)
  }

  func allocate(_ bytes: Int, on stream: StreamHandle) throws(DriverFailure) -> DevicePointer {
    try mock.allocate(bytes, on: stream)
  }

  func free(_ pointer: DevicePointer, on stream: StreamHandle) throws(DriverFailure) {
    try mock.free(pointer, on: stream)
  }

  func allocatePinned(_ bytes: Int) throws(DriverFailure) -> UnsafeMutableRawPointer { try mock.allocatePinned(bytes) }
  func freePinned(_ pointer: UnsafeMutableRawPointer) throws(DriverFailure) { try mock.freePinned(pointer) }

  func copy(
    _ bytes: Int, from source: UnsafeRawPointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try mock.copy(bytes, from: source, to: target, on: stream)
  }

  func copy(
    _ bytes: Int, from source: DevicePointer, to target: UnsafeMutableRawPointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try mock.copy(bytes, from: source, to: target, on: stream)
  }

  func copy(
    _ bytes: Int, from source: DevicePointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure) {
    try mock.copy(bytes, from: source, to: target, on: stream)
  }

  func fill(
    _ bytes: Int, at target: DevicePointer, with value: UInt8, on stream: StreamHandle
  ) throws(DriverFailure) {
    try mock.fill(bytes, at: target, with: value, on: stream)
  }

  func deviceOrdinal(of pointer: DevicePointer) throws(DriverFailure) -> Int32 { try mock.deviceOrdinal(of: pointer) }
  func createStream() throws(DriverFailure) -> StreamHandle { try mock.createStream() }
  func destroyStream(_ stream: StreamHandle) throws(DriverFailure) { try mock.destroyStream(stream) }
  func synchronize(_ stream: StreamHandle) throws(DriverFailure) { try mock.synchronize(stream) }
  func isIdle(_ stream: StreamHandle) throws(DriverFailure) -> Bool { try mock.isIdle(stream) }

  func wait(_ stream: StreamHandle, for event: EventHandle) throws(DriverFailure) {
    try mock.wait(stream, for: event)
  }

  func createEvent(isTimed: Bool) throws(DriverFailure) -> EventHandle { try mock.createEvent(isTimed: isTimed) }
  func destroyEvent(_ event: EventHandle) throws(DriverFailure) { try mock.destroyEvent(event) }

  func record(_ event: EventHandle, on stream: StreamHandle) throws(DriverFailure) {
    try mock.record(event, on: stream)
  }

  func synchronize(_ event: EventHandle) throws(DriverFailure) { try mock.synchronize(event) }

  func milliseconds(from start: EventHandle, to end: EventHandle) throws(DriverFailure) -> Float {
    try mock.milliseconds(from: start, to: end)
  }
}
