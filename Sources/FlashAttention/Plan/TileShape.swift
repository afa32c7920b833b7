/// The blocks in which the kernels walk over queries and keys.
public struct TileShape: Sendable, Hashable {
  /// The number of queries in a block.
  public let queryBlock: Int
  /// The number of keys in a block.
  public let keyBlock: Int
}

extension TileShape {
  /// The one place that decides tiles.
  ///
  /// The kernels put one axis into vector lanes, in groups of three vectors (12, 24 or 48 lanes): queries in the
  /// forward pass, keys in the backward pass. Two groups share each block of the other axis while it is in the
  /// second-level cache.
  ///
  /// | | lanes | other axis | why |
  /// |---|---|---|---|
  /// | forward | 2 groups of queries | 64 keys | a group's scores (12 KiB at 48 lanes) stay in the first-level cache |
  /// | backward | 2 groups of keys | 96 queries | long sums over queries amortise loading and storing dK and dV |
  static func shape(_ direction: AttentionDirection, laneGroupWidth: Int) -> TileShape {
    switch direction {
    case .forward: TileShape(queryBlock: 2 * laneGroupWidth, keyBlock: 64)
    case .backward: TileShape(queryBlock: 96, keyBlock: 2 * laneGroupWidth)
    }
  }

  /// The tiles of standard attention, whose matrices are stored in panels of one lane group.
  static func standardShape(_ direction: AttentionDirection, laneGroupWidth: Int) -> TileShape {
    switch direction {
    case .forward: TileShape(queryBlock: laneGroupWidth, keyBlock: 64)
    case .backward: TileShape(queryBlock: 96, keyBlock: laneGroupWidth)
    }
  }
}
