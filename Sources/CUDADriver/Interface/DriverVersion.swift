/// The version of the CUDA interface that a driver implements, such as 12.4.
public struct DriverVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The driver's own form: 1000 for each major and 10 for each minor version.
  public let code: Int32

  /// The version that the driver reports as `code`.
  public init(code: Int32) {
    self.code = code
  }

  /// The version `major.minor`.
  public init(_ major: Int32, _ minor: Int32) {
    code = 1000 * major + 10 * minor
  }

  /// The oldest driver that can run anything here: the first with `cuLaunchKernelEx`.
  public static let minimum = EntryPoint.cuLaunchKernelEx.version

  /// The oldest driver that assembles `sm_90a` text and encodes tensor maps.
  public static let hopper = EntryPoint.cuTensorMapEncodeTiled.version

  public static func < (left: DriverVersion, right: DriverVersion) -> Bool {
    left.code < right.code
  }

  public var description: String {
    "\(code / 1000).\(code % 1000 / 10)"
  }
}
