/// What a plan needs to know of a device.
public struct GPUTraits: Sendable, Hashable {
  /// The compute capability: 9.0 is (9, 0).
  public let capability: Capability
  public let multiprocessors: Int
  /// The most shared memory that a block of threads can have, in bytes.
  public let sharedBytesPerBlock: Int
  /// The second-level cache in bytes.
  public let level2Cache: Int

  public struct Capability: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) {
      self.major = major
      self.minor = minor
    }

    public static func < (a: Capability, b: Capability) -> Bool { (a.major, a.minor) < (b.major, b.minor) }
    public var description: String { "\(major).\(minor)" }
  }

  public init(capability: Capability, multiprocessors: Int, sharedBytesPerBlock: Int, level2Cache: Int) {
    self.capability = capability
    self.multiprocessors = multiprocessors
    self.sharedBytesPerBlock = sharedBytesPerBlock
    self.level2Cache = level2Cache
  }

  /// Devices to plan for without having one, by the names of their architectures.
  public static let named: [(name: String, traits: GPUTraits)] = [
    // A100, GeForce RTX 3090, GeForce RTX 4090 and H100 as NVIDIA's tables of technical specifications give them.
    (
      "sm_80",
      GPUTraits(capability: Capability(8, 0), multiprocessors: 108, sharedBytesPerBlock: 166_912, level2Cache: 40 << 20)
    ),
    (
      "sm_86",
      GPUTraits(capability: Capability(8, 6), multiprocessors: 82, sharedBytesPerBlock: 101_376, level2Cache: 6 << 20)
    ),
    (
      "sm_89",
      GPUTraits(capability: Capability(8, 9), multiprocessors: 128, sharedBytesPerBlock: 101_376, level2Cache: 72 << 20)
    ),
    (
      "sm_90",
      GPUTraits(capability: Capability(9, 0), multiprocessors: 132, sharedBytesPerBlock: 232_448, level2Cache: 50 << 20)
    ),
  ]

  /// The instruction set of single warps runs on every device from this one on.
  static let oldest = Capability(8, 0)
}
