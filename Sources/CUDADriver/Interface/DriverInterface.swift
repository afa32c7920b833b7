import CUDAInterface

/// The driver: its entry points in Swift form, each throwing the status that it did not succeed with.
///
/// ``LoadedDriver`` calls the real one; ``MockDriver`` stands in for it where there is no device. Both may be called
/// from any thread. Requirements that act on the current context act on that of the calling thread.
public protocol DriverInterface: Sendable {
  // MARK: The driver

  /// Starts the driver. Harmless when repeated.
  func initialize() throws(DriverFailure)

  /// The version of the interface that the driver implements.
  func version() throws(DriverFailure) -> DriverVersion

  /// The driver's name for a status, such as `CUDA_ERROR_OUT_OF_MEMORY`; nil for a status that it does not know.
  func name(of status: DriverStatus) -> String?

  /// The driver's sentence for a status; nil for a status that it does not know.
  func explanation(of status: DriverStatus) -> String?

  // MARK: Devices

  /// How many devices the process sees.
  func deviceCount() throws(DriverFailure) -> Int32

  /// The driver's number for the device at a position.
  func device(at ordinal: Int32) throws(DriverFailure) -> Int32

  /// The marketing name of a device.
  func name(ofDevice device: Int32) throws(DriverFailure) -> String

  /// The 16 bytes that identify a device across reboots.
  func identifier(ofDevice device: Int32) throws(DriverFailure) -> [UInt8]

  /// The value of an attribute of a device.
  func attribute(_ attribute: DeviceAttribute, ofDevice device: Int32) throws(DriverFailure) -> Int32

  /// The memory of a device in bytes.
  func memoryBytes(ofDevice device: Int32) throws(DriverFailure) -> Int

  // MARK: Contexts

  /// The primary context of a device, with one more owner.
  func retainPrimaryContext(ofDevice device: Int32) throws(DriverFailure) -> ContextHandle

  /// Gives up one ownership of the primary context of a device.
  func releasePrimaryContext(ofDevice device: Int32) throws(DriverFailure)

  /// The context that is current on the calling thread, or ``ContextHandle/none``.
  func currentContext() throws(DriverFailure) -> ContextHandle

  /// Makes a context current on the calling thread.
  func setCurrentContext(_ context: ContextHandle) throws(DriverFailure)

  // MARK: Modules

  /// Assembles PTX text, which ends with a zero byte, and loads it into the current context. `log` receives what the
  /// assembler said, also when it throws.
  func loadModule(
    _ text: UnsafePointer<CChar>, options: AssemblyOptions, log: inout AssemblyLog
  ) throws(DriverFailure) -> ModuleHandle

  /// Unloads a module; its functions are gone.
  func unloadModule(_ module: ModuleHandle) throws(DriverFailure)

  /// The kernel of that name in a module.
  func function(named name: String, in module: ModuleHandle) throws(DriverFailure) -> FunctionHandle

  /// The value of an attribute of a kernel.
  func attribute(_ attribute: FunctionAttribute, of function: FunctionHandle) throws(DriverFailure) -> Int32

  /// Changes an attribute of a kernel.
  func setAttribute(
    _ attribute: FunctionAttribute, of function: FunctionHandle, to value: Int32
  ) throws(DriverFailure)

  /// Queues a kernel. `parameters` holds the address of each argument's value, which is read before the call returns.
  func launch(
    _ function: FunctionHandle, configuration: UnsafePointer<DriverLaunchConfiguration>,
    parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(DriverFailure)

  /// Encodes a tensor map from a description that has been validated. `map` lies at a multiple of 64.
  func encodeTensorMap(
    _ description: TensorMapDescription, into map: UnsafeMutablePointer<DriverTensorMap>
  ) throws(DriverFailure)

  // MARK: Memory

  /// Allocates device memory, usable by what is queued on the stream from here on.
  func allocate(_ bytes: Int, on stream: StreamHandle) throws(DriverFailure) -> DevicePointer

  /// Frees device memory once the stream gets there.
  func free(_ pointer: DevicePointer, on stream: StreamHandle) throws(DriverFailure)

  /// Allocates host memory that the device copies from and to directly.
  func allocatePinned(_ bytes: Int) throws(DriverFailure) -> UnsafeMutableRawPointer

  /// Frees pinned host memory.
  func freePinned(_ pointer: UnsafeMutableRawPointer) throws(DriverFailure)

  /// Queues a copy from the host to the device.
  func copy(
    _ bytes: Int, from source: UnsafeRawPointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure)

  /// Queues a copy from the device to the host.
  func copy(
    _ bytes: Int, from source: DevicePointer, to target: UnsafeMutableRawPointer, on stream: StreamHandle
  ) throws(DriverFailure)

  /// Queues a copy within the device.
  func copy(
    _ bytes: Int, from source: DevicePointer, to target: DevicePointer, on stream: StreamHandle
  ) throws(DriverFailure)

  /// Queues setting every byte of a range.
  func fill(_ bytes: Int, at target: DevicePointer, with value: UInt8, on stream: StreamHandle) throws(DriverFailure)

  /// The ordinal of the device that an address belongs to.
  func deviceOrdinal(of pointer: DevicePointer) throws(DriverFailure) -> Int32

  // MARK: Streams and events

  /// A new stream that does not wait for the default stream.
  func createStream() throws(DriverFailure) -> StreamHandle

  /// Destroys a stream; what is queued on it still runs.
  func destroyStream(_ stream: StreamHandle) throws(DriverFailure)

  /// Waits until everything queued on a stream has run.
  func synchronize(_ stream: StreamHandle) throws(DriverFailure)

  /// Whether everything queued on a stream has run.
  func isIdle(_ stream: StreamHandle) throws(DriverFailure) -> Bool

  /// Makes a stream wait for an event.
  func wait(_ stream: StreamHandle, for event: EventHandle) throws(DriverFailure)

  /// A new event; a timed one can be measured between.
  func createEvent(isTimed: Bool) throws(DriverFailure) -> EventHandle

  /// Destroys an event.
  func destroyEvent(_ event: EventHandle) throws(DriverFailure)

  /// Queues an event on a stream.
  func record(_ event: EventHandle, on stream: StreamHandle) throws(DriverFailure)

  /// Waits until an event has happened.
  func synchronize(_ event: EventHandle) throws(DriverFailure)

  /// The milliseconds between two events that have happened.
  func milliseconds(from start: EventHandle, to end: EventHandle) throws(DriverFailure) -> Float
}
