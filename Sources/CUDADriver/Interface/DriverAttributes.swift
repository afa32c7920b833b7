/// A property of a device (CUdevice_attribute); only those that are asked for.
public enum DeviceAttribute: UInt32, Sendable {
  /// Shared memory of a block without opting in, in bytes.
  case maximumSharedBytes = 8
  /// Multiprocessors of the device.
  case multiprocessorCount = 16
  /// Who may open contexts; 2 is nobody.
  case computeMode = 20
  /// Size of the second-level cache in bytes.
  case secondLevelCacheBytes = 38
  case capabilityMajor = 75
  case capabilityMinor = 76
  /// Shared memory of a multiprocessor, in bytes.
  case sharedBytesPerMultiprocessor = 81
  /// Shared memory of a block that opts in, in bytes.
  case maximumSharedBytesOptIn = 97
  /// Whether stream-ordered allocation works.
  case memoryPoolsSupported = 115
}

/// A property of a kernel (CUfunction_attribute); only those that are read or set.
public enum FunctionAttribute: UInt32, Sendable {
  case maximumThreadsPerBlock = 0
  /// Statically allocated shared memory in bytes.
  case sharedBytes = 1
  /// Local memory of a thread in bytes: register spills and stack.
  case localBytes = 3
  /// Registers of a thread.
  case registers = 4
  /// The most dynamic shared memory that a launch may ask for, in bytes.
  case maximumDynamicSharedBytes = 8
}

/// The attributes of a launch (CUlaunchAttributeID) that are used.
enum LaunchAttribute: UInt32 {
  case clusterDimension = 4
  case programmaticStreamSerialization = 6
}

/// The options of the driver's assembler (CUjit_option) that are used.
enum AssemblyOption: UInt32 {
  case maximumRegisters = 0
  case informationLog = 3
  case informationLogBytes = 4
  case errorLog = 5
  case errorLogBytes = 6
  case verboseLog = 12
  case lineInformation = 13
}

/// The properties of an address (CUpointer_attribute) that are asked for.
enum PointerAttribute: UInt32 {
  case deviceOrdinal = 9
}

/// The flags of the driver's calls that are used.
enum DriverFlags {
  /// Entry points whose default stream is the legacy one (CU_GET_PROC_ADDRESS_LEGACY_STREAM).
  static let legacyStream: UInt64 = 1
  /// A stream that does not wait for the default stream (CU_STREAM_NON_BLOCKING).
  static let nonBlockingStream: UInt32 = 1
  /// An event that does not measure time (CU_EVENT_DISABLE_TIMING).
  static let untimedEvent: UInt32 = 2
  /// Pinned memory that every context may use (CU_MEMHOSTALLOC_PORTABLE).
  static let portablePinnedMemory: UInt32 = 1
  /// The compute mode in which no context can be opened (CU_COMPUTEMODE_PROHIBITED).
  static let prohibitedMode: Int32 = 2
}
