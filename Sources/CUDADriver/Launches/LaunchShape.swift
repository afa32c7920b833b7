/// Three extents of a launch.
public struct LaunchExtent: Hashable, Sendable, CustomStringConvertible {
  public var x: Int
  public var y: Int
  public var z: Int

  public init(_ x: Int, _ y: Int = 1, _ z: Int = 1) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// The product of the extents.
  public var count: Int { x * y * z }

  public var description: String {
    "\(x)×\(y)×\(z)"
  }
}

/// How large a launch is.
public struct LaunchShape: Hashable, Sendable {
  /// Blocks of the grid.
  public var grid: LaunchExtent

  /// Threads of a block.
  public var block: LaunchExtent

  /// Blocks of a cluster, or nil for a launch without clusters.
  public var cluster: LaunchExtent?

  /// Dynamic shared memory of a block, in bytes.
  public var sharedBytes: Int

  /// Whether the kernel may begin while the one before it on the stream still runs. Such a kernel waits by
  /// `griddepcontrol.wait` before it reads what the other writes.
  public var overlapsPredecessor: Bool

  public init(
    grid: LaunchExtent, block: LaunchExtent, cluster: LaunchExtent? = nil, sharedBytes: Int = 0,
    overlapsPredecessor: Bool = false
  ) {
    self.grid = grid
    self.block = block
    self.cluster = cluster
    self.sharedBytes = sharedBytes
    self.overlapsPredecessor = overlapsPredecessor
  }
}
