/// The blocks in which the kernels walk over queries and keys.
public struct TileShape: Sendable, Hashable {
  /// The number of queries in a block.
  public let queryBlock: Int
  /// The number of keys in a block.
  public let keyBlock: Int
  /// The number of query heads of one key/value head whose queries share a block in the forward pass: more than one
  /// where queries are so short that they would leave the lanes of a block empty.
  public let headsPerBlock: Int
}

extension TileShape {
  /// The one place that decides tiles.
  ///
  /// The kernels put one axis into vector lanes, in groups of three vectors (12, 24 or 48 lanes): queries in the
  /// forward pass, keys in the backward pass. Up to four groups share each block of the other axis while it is in the
  /// second-level cache, so that it is fetched a quarter as often; fewer where the threads would run out of work.
  ///
  /// | | lanes | other axis | why |
  /// |---|---|---|---|
  /// | forward | 1–4 groups of queries | 64 keys | a group's scores (12 KiB at 48 lanes) stay in the first-level cache |
  /// | backward | 1–4 groups of keys | 96 queries | long sums over queries amortise loading and storing dK and dV |
  ///
  /// Results do not depend on the number of groups, because every lane is a row of its own, so the choice may depend on
  /// the number of threads; the exceptions have cases of their own below.
  static func shape(
    _ backend: Backend, _ direction: AttentionDirection, _ descriptor: AttentionDescriptor, laneGroupWidth: Int,
    threads: Int
  ) -> TileShape {
    let shape = descriptor.shape
    let queryBlockBackward = 96
    let keyBlockForward = 64
    switch (backend, direction) {
    // The matrices of standard attention are stored in panels of one lane group.
    case (.standard, .forward):
      return TileShape(queryBlock: laneGroupWidth, keyBlock: keyBlockForward, headsPerBlock: 1)
    case (.standard, .backward):
      return TileShape(queryBlock: queryBlockBackward, keyBlock: laneGroupWidth, headsPerBlock: 1)
    case (.cpu, .forward) where shape.queryLength <= laneGroupWidth && shape.headsPerGroup > 1:
      // Which heads share a lane group decides where tiles begin, so here the choice does not depend on the threads.
      let block = 2 * laneGroupWidth
      let heads = min(shape.headsPerGroup, block / max(shape.queryLength, 1))
      return TileShape(queryBlock: block, keyBlock: keyBlockForward, headsPerBlock: heads)
    case (.cpu, .forward):
      let groups = groupsPerBlock(
        rows: shape.queryLength, heads: shape.batch * shape.queryHeads, laneGroupWidth, threads)
      return TileShape(queryBlock: groups * laneGroupWidth, keyBlock: keyBlockForward, headsPerBlock: 1)
    case (.cpu, .backward) where descriptor.biasType != nil:
      // The gradient of a bias that heads and keys share is summed in the order of the blocks.
      return TileShape(queryBlock: queryBlockBackward, keyBlock: 2 * laneGroupWidth, headsPerBlock: 1)
    case (.cpu, .backward):
      let groups = groupsPerBlock(
        rows: shape.keyLength, heads: shape.batch * shape.keyValueHeads, laneGroupWidth, threads)
      return TileShape(queryBlock: queryBlockBackward, keyBlock: groups * laneGroupWidth, headsPerBlock: 1)
    }
  }

  /// As many groups as leave four items of work for each thread, at most four, and such that blocks are equally long.
  private static func groupsPerBlock(rows: Int, heads: Int, _ laneGroupWidth: Int, _ threads: Int) -> Int {
    let groups = max((rows + laneGroupWidth - 1) / laneGroupWidth, 1)
    let most = max(1, min(4, groups * heads / (4 * max(threads, 1))))
    let blocks = (groups + most - 1) / most
    return (groups + blocks - 1) / blocks
  }
}
