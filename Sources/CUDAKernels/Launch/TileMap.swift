import PTX

/// The description of a tensor in device memory by which bulk copies find its tiles, as the driver encodes it.
public struct TileMap: Sendable, Hashable {
  public let element: HalfType
  /// The first element, at a multiple of 16 bytes.
  public let address: UInt64
  /// The size of each axis, innermost first.
  public let sizes: [Int]
  /// The distance in bytes of neighbours along each axis but the innermost, whose elements are neighbours; multiples of
  /// 16.
  public let strides: [Int]
  /// The size of a tile along each axis.
  public let box: [Int]
  public let swizzle: Swizzle
}

/// One parameter of a launch.
public enum LaunchArgument: Sendable, Hashable {
  case word64(UInt64)
  case word32(UInt32)
  case map(TileMap)

  static func integer(_ number: Int) -> LaunchArgument { .word32(UInt32(truncatingIfNeeded: number)) }
  static func stride(_ bytes: Int) -> LaunchArgument { .word64(UInt64(bitPattern: Int64(bytes))) }
  static func float(_ number: Float) -> LaunchArgument { .word32(number.bitPattern) }
}

/// A kernel's launch, but for its stream.
public struct KernelLaunch: Sendable, Hashable {
  /// The name of the entry.
  public let name: String
  /// Blocks of threads, along one axis.
  public let blocks: Int
  /// Threads of a block.
  public let threads: Int
  /// Shared memory of a block in bytes.
  public let sharedBytes: Int
  public let arguments: [LaunchArgument]
}
