/// What a ``MockDriver`` makes of PTX text: a refusal, or the resources of its kernels.
public struct MockAssembly: Hashable, Sendable {
  /// The status of a text that is refused, or nil.
  public var refusal: DriverStatus?
  public var log: AssemblyLog
  public var registers: Int
  public var staticSharedBytes: Int
  public var localBytes: Int
  public var maximumThreads: Int

  public init(
    refusal: DriverStatus? = nil, log: AssemblyLog = AssemblyLog(), registers: Int = 64, staticSharedBytes: Int = 0,
    localBytes: Int = 0, maximumThreads: Int = 1024
  ) {
    self.refusal = refusal
    self.log = log
    self.registers = registers
    self.staticSharedBytes = staticSharedBytes
    self.localBytes = localBytes
    self.maximumThreads = maximumThreads
  }

  /// A refused text, with the log that says why.
  public static func refused(_ status: DriverStatus, _ errors: String) -> MockAssembly {
    MockAssembly(refusal: status, log: AssemblyLog(errors: errors))
  }

  /// Refuses what the driver would refuse by the head of the text: no version or target, a PTX version newer than the
  /// driver, `sm_90a` on another device than one of compute capability 9.0. Takes anything else.
  public static func checkingHead(
    of text: String, on device: MockDevice, driver: DriverVersion
  ) -> MockAssembly {
    guard let version = text.word(after: ".version"), let target = text.word(after: ".target") else {
      return .refused(.invalidPTX, "ptxas fatal : Missing .version or .target directive")
    }
    let parts = version.split(separator: ".").compactMap { Int32($0) }
    // The PTX version of the driver of CUDA 11.x is 7.x, and that of 12.x is 8.x.
    guard parts.count == 2, DriverVersion(parts[0] + 4, parts[1]) <= driver else {
      return .refused(.unsupportedPTXVersion, "ptxas fatal : Unsupported .version \(version)")
    }
    guard target != KernelFamily.hopper.rawValue || device.capability == .hopper else {
      return .refused(.noBinaryForDevice, "ptxas fatal : \(target) does not run on \(device.capability)")
    }
    return MockAssembly()
  }
}

extension String {
  /// The word that follows a directive's first appearance as a word.
  fileprivate func word(after directive: String) -> Substring? {
    let words = split(whereSeparator: \.isWhitespace)
    guard let position = words.firstIndex(where: { $0 == directive }), position + 1 < words.count else { return nil }
    return words[position + 1].prefix { $0 != "," }
  }
}
