/// The generation of a device's multiprocessors, such as 9.0 for Hopper.
public struct ComputeCapability: Hashable, Sendable, Comparable, CustomStringConvertible {
  public let major: Int
  public let minor: Int

  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The oldest generation that has the instructions of `sm_80` text.
  public static let ampere = ComputeCapability(8, 0)

  /// The only generation that runs `sm_90a` text.
  public static let hopper = ComputeCapability(9, 0)

  public static func < (left: ComputeCapability, right: ComputeCapability) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  public var description: String {
    "\(major).\(minor)"
  }
}

/// A family of PTX text that kernels are written for.
public enum KernelFamily: String, CaseIterable, Hashable, Sendable {
  /// Warp matrix products and asynchronous copies: runs on everything from Ampere on.
  case ampere = "sm_80"

  /// Warpgroup matrix products and tensor maps: runs on compute capability 9.0 only.
  case hopper = "sm_90a"
}
