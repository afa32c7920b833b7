/// A status that an entry point of the driver returned (CUresult).
public struct DriverStatus: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let success = DriverStatus(rawValue: 0)
  public static let invalidValue = DriverStatus(rawValue: 1)
  public static let outOfMemory = DriverStatus(rawValue: 2)
  public static let notInitialized = DriverStatus(rawValue: 3)
  public static let deinitialized = DriverStatus(rawValue: 4)
  public static let noDevice = DriverStatus(rawValue: 100)
  public static let invalidDevice = DriverStatus(rawValue: 101)
  public static let invalidContext = DriverStatus(rawValue: 201)
  public static let noBinaryForDevice = DriverStatus(rawValue: 209)
  public static let uncorrectableMemory = DriverStatus(rawValue: 214)
  public static let invalidPTX = DriverStatus(rawValue: 218)
  public static let uncorrectableLink = DriverStatus(rawValue: 220)
  public static let unsupportedPTXVersion = DriverStatus(rawValue: 222)
  public static let contained = DriverStatus(rawValue: 226)
  public static let invalidHandle = DriverStatus(rawValue: 400)
  public static let notFound = DriverStatus(rawValue: 500)
  public static let notReady = DriverStatus(rawValue: 600)
  public static let illegalAddress = DriverStatus(rawValue: 700)
  public static let launchOutOfResources = DriverStatus(rawValue: 701)
  public static let launchTimeout = DriverStatus(rawValue: 702)
  public static let contextIsDestroyed = DriverStatus(rawValue: 709)
  public static let deviceAssertion = DriverStatus(rawValue: 710)
  public static let hardwareStackError = DriverStatus(rawValue: 714)
  public static let illegalInstruction = DriverStatus(rawValue: 715)
  public static let misalignedAddress = DriverStatus(rawValue: 716)
  public static let invalidAddressSpace = DriverStatus(rawValue: 717)
  public static let invalidProgramCounter = DriverStatus(rawValue: 718)
  public static let launchFailed = DriverStatus(rawValue: 719)
  public static let tensorMemoryLeak = DriverStatus(rawValue: 721)
  public static let notSupported = DriverStatus(rawValue: 801)
  public static let clientTerminated = DriverStatus(rawValue: 810)
  public static let externalDevice = DriverStatus(rawValue: 911)
  public static let invalidClusterSize = DriverStatus(rawValue: 912)

  /// Whether the context is unusable from here on: every later call returns the same status until the process ends.
  public var isSticky: Bool {
    switch self {
    case .deinitialized, .uncorrectableMemory, .uncorrectableLink, .contained, .illegalAddress, .launchTimeout,
      .contextIsDestroyed, .deviceAssertion, .hardwareStackError, .illegalInstruction, .misalignedAddress,
      .invalidAddressSpace, .invalidProgramCounter, .launchFailed, .tensorMemoryLeak, .clientTerminated,
      .externalDevice:
      true
    default:
      false
    }
  }
}
