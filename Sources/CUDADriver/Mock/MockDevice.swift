/// A device that a ``MockDriver`` pretends to have.
public struct MockDevice: Hashable, Sendable {
  public var name: String
  public var capability: ComputeCapability
  public var multiprocessors: Int
  public var memoryBytes: Int
  public var secondLevelCacheBytes: Int
  public var maximumSharedBytes: Int
  public var maximumSharedBytesOptIn: Int
  public var sharedBytesPerMultiprocessor: Int
  public var isProhibited = false
  public var hasMemoryPools = true

  /// A device like an H100.
  public static let hopper = MockDevice(
    name: "Mock Hopper", capability: .hopper, multiprocessors: 132, memoryBytes: 80 << 30,
    secondLevelCacheBytes: 50 << 20, maximumSharedBytes: 49152, maximumSharedBytesOptIn: 232_448,
    sharedBytesPerMultiprocessor: 233_472)

  /// A device like an A100.
  public static let ampere = MockDevice(
    name: "Mock Ampere", capability: .ampere, multiprocessors: 108, memoryBytes: 40 << 30,
    secondLevelCacheBytes: 40 << 20, maximumSharedBytes: 49152, maximumSharedBytesOptIn: 166_912,
    sharedBytesPerMultiprocessor: 167_936)

  /// A device like a V100, which is too old.
  public static let volta = MockDevice(
    name: "Mock Volta", capability: ComputeCapability(7, 0), multiprocessors: 80, memoryBytes: 16 << 30,
    secondLevelCacheBytes: 6 << 20, maximumSharedBytes: 49152, maximumSharedBytesOptIn: 98304,
    sharedBytesPerMultiprocessor: 98304)

  /// The value of an attribute.
  func value(of attribute: DeviceAttribute) -> Int {
    switch attribute {
    case .maximumSharedBytes: maximumSharedBytes
    case .multiprocessorCount: multiprocessors
    case .computeMode: isProhibited ? Int(DriverFlags.prohibitedMode) : 0
    case .secondLevelCacheBytes: secondLevelCacheBytes
    case .capabilityMajor: capability.major
    case .capabilityMinor: capability.minor
    case .sharedBytesPerMultiprocessor: sharedBytesPerMultiprocessor
    case .maximumSharedBytesOptIn: maximumSharedBytesOptIn
    case .memoryPoolsSupported: hasMemoryPools ? 1 : 0
    }
  }
}
