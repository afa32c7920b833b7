#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Everything that a ``MockDriver`` remembers, behind its lock.
struct MockState {
  struct Module {
    let device: Int
    let text: String
    let assembly: MockAssembly
  }

  struct Function {
    let module: UInt
    let name: String
    let signature: KernelSignature
    var dynamicSharedBytes: Int
  }

  struct Event {
    let isTimed: Bool
    var milliseconds: Double?
  }

  /// The entry points that were called, in order.
  var calls: [EntryPoint] = []

  /// The statuses to fail with, by the position of a call.
  var faultsByPosition: [Int: DriverStatus] = [:]

  /// The statuses to fail with, by entry point.
  var faultsByEntryPoint: [EntryPoint: DriverStatus] = [:]

  /// The status that everything fails with since a kernel failed.
  var stickyStatus: DriverStatus?

  /// What the launch handler threw.
  var launchError: String?

  /// How often the primary context of each device is retained.
  var retains: [Int: Int] = [:]

  /// The contexts of other libraries.
  var foreignContexts: Set<ContextHandle> = []

  /// The context that is current on each thread.
  var current: [UInt: ContextHandle] = [:]

  var modules: [UInt: Module] = [:]
  var functions: [UInt: Function] = [:]
  var streams: Set<UInt> = []
  var events: [UInt: Event] = [:]
  var allocations: [MockMemory] = []
  var pinned: [UInt: MockMemory] = [:]

  /// Device time.
  var milliseconds = 0.0

  private var lastHandle: UInt = 0x1000
  private var nextAddress: UInt64 = 0x7_0000_0000_0000

  /// A handle that was never given out.
  mutating func makeHandle() -> UInt {
    lastHandle += 16
    return lastHandle
  }

  /// Device memory at an address that was never given out, with unmapped bytes between it and its neighbours.
  mutating func allocate(_ byteCount: Int) -> MockMemory {
    let memory = MockMemory(pointer: DevicePointer(rawValue: nextAddress), byteCount: byteCount)
    nextAddress += UInt64((byteCount + 511) / 256 * 256 + 4096)
    allocations.append(memory)
    return memory
  }

  /// Notes a call and returns the status that it is to fail with.
  mutating func begin(_ entryPoint: EntryPoint) -> DriverStatus? {
    let position = calls.count
    calls.append(entryPoint)
    if let fault = faultsByPosition[position] ?? faultsByEntryPoint[entryPoint] {
      return fault
    }
    // A broken context can still be made current.
    return entryPoint == .cuCtxGetCurrent || entryPoint == .cuCtxSetCurrent ? nil : stickyStatus
  }

  /// The calling thread's number.
  static var thread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }

  /// The device of the primary context that is current on the calling thread, or nil where none is.
  var currentDevice: Int? {
    guard let context = current[Self.thread] else { return nil }
    let device = Int(context.rawValue) - Int(MockDriver.firstContext)
    return retains[device, default: 0] > 0 ? device : nil
  }
}
