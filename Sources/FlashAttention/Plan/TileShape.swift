import KernelIntrinsics

/// The blocks in which the kernels walk over queries and keys.
public struct TileShape: Sendable, Hashable {
  /// The number of queries in a block.
  public let queryBlock: Int
  /// The number of keys in a block.
  public let keyBlock: Int
  /// The number of keys that the forward pass prepares at once, in whole blocks, and that a lane group of queries walks
  /// over before the next one does.
  public let keysPerVisit: Int
  /// The number of query heads of one key/value head whose queries share a block in the forward pass: more than one
  /// where queries are so short that they would leave the lanes of a block empty.
  public let headsPerBlock: Int
  /// The number of keys that one work item of the forward pass walks over: all of them, or so many that the items of a
  /// short problem with many keys are enough for many threads. The items' rows are then merged.
  public let keysPerItem: Int
}

extension TileShape {
  /// The one place that decides tiles.
  ///
  /// The kernels put one axis into vector lanes, in groups of three vectors (12, 24 or 48 lanes): queries in the
  /// forward pass, keys in the backward pass. Several groups share each block of the other axis while it is in the
  /// second-level cache, so that it is fetched and copied that much less often; fewer where the threads would run out
  /// of work. ``TileLimits`` says how many.
  ///
  /// Results do not depend on the number of groups, because every lane is a row of its own, so the choice may depend on
  /// the number of threads; the exceptions have cases of their own below.
  static func shape(
    _ backend: ProcessorBackend, _ direction: AttentionDirection, _ descriptor: AttentionDescriptor,
    laneGroupWidth: Int, matrixUnitParts: Int = 0, threads: Int, processor: Processor
  ) -> TileShape {
    let shape = descriptor.shape
    let limits = TileLimits.limits(
      backend, direction, shape, laneGroupWidth, matrixUnitParts: matrixUnitParts, processor)
    let block = limits.block
    let visit = limits.blocksPerVisit * block
    switch (backend, direction) {
    // The matrices of standard attention are stored in panels of one lane group.
    case (.standard, .forward):
      return TileShape(
        queryBlock: laneGroupWidth, keyBlock: block, keysPerVisit: block, headsPerBlock: 1,
        keysPerItem: shape.keyLength)
    case (.standard, .backward):
      return TileShape(backward: block, keys: laneGroupWidth)
    case (.cpu, .forward) where shape.queryLength <= laneGroupWidth && shape.headsPerGroup > 1:
      // Which heads share a lane group decides where tiles begin, so here the choice does not depend on the threads.
      let rows = 2 * laneGroupWidth
      let heads = min(shape.headsPerGroup, rows / max(shape.queryLength, 1))
      let items = shape.batch * shape.keyValueHeads * blocks(shape.headsPerGroup, of: heads)
      return TileShape(
        queryBlock: rows, keyBlock: block, keysPerVisit: visit, headsPerBlock: heads,
        keysPerItem: keysPerItem(shape.keyLength, keyBlock: block, items: items))
    case (.cpu, .forward):
      let heads = shape.batch * shape.queryHeads
      let groups = groupsPerBlock(
        rows: shape.queryLength, heads: heads, laneGroupWidth, threads, most: limits.groups)
      // Counted as if every group were an item, because the threads may not decide how sums are split.
      let items = heads * blocks(shape.queryLength, of: laneGroupWidth)
      return TileShape(
        queryBlock: groups * laneGroupWidth, keyBlock: block, keysPerVisit: visit, headsPerBlock: 1,
        keysPerItem: keysPerItem(shape.keyLength, keyBlock: block, items: items))
    case (.cpu, .backward) where descriptor.biasType != nil:
      // The gradient of a bias that heads and keys share is summed in the order of the blocks.
      return TileShape(backward: block, keys: 2 * laneGroupWidth)
    case (.cpu, .backward):
      let groups = groupsPerBlock(
        rows: shape.keyLength, heads: shape.batch * shape.keyValueHeads, laneGroupWidth, threads, most: limits.groups)
      // dQ is summed over the keys in steps of the matrix unit, which may not begin elsewhere with other items.
      return TileShape(backward: block, keys: (matrixUnitParts > 0 ? (groups + 1) / 2 * 2 : groups) * laneGroupWidth)
    }
  }

  /// The blocks of a backward pass.
  private init(backward queries: Int, keys: Int) {
    self.init(queryBlock: queries, keyBlock: keys, keysPerVisit: keys, headsPerBlock: 1, keysPerItem: keys)
  }

  private static func blocks(_ count: Int, of size: Int) -> Int { (count + size - 1) / max(size, 1) }

  /// As many groups as leave four items of work for each thread, at most `most`, and such that blocks are equally long.
  private static func groupsPerBlock(
    rows: Int, heads: Int, _ laneGroupWidth: Int, _ threads: Int, most: Int
  ) -> Int {
    let groups = max(blocks(rows, of: laneGroupWidth), 1)
    let most = max(1, min(most, groups * heads / (4 * max(threads, 1))))
    let count = blocks(groups, of: most)
    return blocks(groups, of: count)
  }

  /// Whole blocks of keys, so many that there are about 128 items, which is work for the threads of a large machine,
  /// but at least 1024: a merge moves two numbers for each 1024 keys and one number of a row then, which is nothing.
  private static func keysPerItem(_ keys: Int, keyBlock: Int, items: Int) -> Int {
    let parts = min(128 / max(items, 1), keys / 1024)
    if parts <= 1 { return keys }
    return blocks(blocks(keys, of: parts), of: keyBlock) * keyBlock
  }
}

/// How large blocks may be: the table of what was measured.
struct TileLimits {
  /// The size of the blocks of the axis that is not in the lanes.
  let block: Int
  /// The most lane groups that share a block.
  let groups: Int
  /// The blocks that a lane group takes in the forward pass before the next one does.
  let blocksPerVisit: Int

  /// Forward, a block of 96 keys and one group of queries leave a tile of scores (9 or 18 KiB) in the first-level
  /// cache; one of up to 144 keys (14 or 27 KiB) still does. Backward, long sums over 96 queries amortise loading and
  /// storing dK and dV. A short axis is divided evenly, because a last block of a few keys would load and store the
  /// whole output for them, and one of a few queries all of dK and dV: with 104 and 93 of a ViT's 197 tokens instead of
  /// 96, 96 and 5, both passes are up to 2 % faster.
  ///
  /// Where a multiply-add of 512 bits takes two cycles, scores may as well come from the second-level cache: on Zen 4
  /// blocks of 208 keys (39 KiB of scores; of short axes up to 312, 58 KiB) load and store O half as often. See
  /// ``takesLongBlocks(_:_:_:)``.
  ///
  /// The matrix unit computes scores so fast that loading and storing O for each block, and transposing V for each
  /// item, would take as long: 24 groups share blocks, which are as long as their probabilities fit into the
  /// first-level cache beside the rest (24 KiB for 256 keys), or where O stays there too, of 192 keys, four of which a
  /// group takes in before the next one does. On Emerald Rapids 2048 tokens of 128 dimensions are 1.14 times as fast so
  /// as with 128 keys, 1024 of 256 dimensions 1.15 times, and longer blocks are slower. fp16 takes two blocks of 192
  /// keys, and fp32 two of 128, whose probabilities in three parts are 36 KiB.
  ///
  /// Groups: 288 lanes, which copy, convert and fetch a block for 6 groups of 48 or 12 of 24; and no more than fit,
  /// with what they keep, into two thirds of the second-level cache.
  static func limits(
    _ backend: ProcessorBackend, _ direction: AttentionDirection, _ shape: AttentionShape, _ laneGroupWidth: Int,
    matrixUnitParts: Int, _ processor: Processor
  ) -> TileLimits {
    let level2Cache = processor.level2Cache
    let step = matrixUnitParts > 0 ? 32 : 8
    switch direction {
    case .forward where matrixUnitParts > 0:
      // Packed queries of pairs and fp32 sums.
      let kept = laneGroupWidth * (shape.headDimension * 2 * matrixUnitParts + shape.valueDimension * 4)
      let isNarrow = shape.headDimension + shape.valueDimension <= 128
      // The more keys in a block, the less often O moves between the levels of cache; their probabilities stay in the
      // first.
      let (block, visit) =
        switch matrixUnitParts {
        case 1 where !isNarrow: (256, 1)
        case 1: (192, 4)
        case 2: (192, 2)
        default: (128, 2)
        }
      return TileLimits(
        block: self.block(of: shape.keyLength, about: block, step: step),
        groups: max(min(1152 / laneGroupWidth, level2Cache / 3 * 2 / kept), 1),
        blocksPerVisit: visit)
    case .forward:
      // Packed queries and their output.
      let kept = laneGroupWidth * (shape.headDimension + shape.valueDimension) * 4
      let isLong = backend == .cpu && takesLongBlocks(shape, laneGroupWidth, processor)
      return TileLimits(
        block: block(of: shape.keyLength, about: isLong ? longBlock : 96, step: step),
        groups: max(min(288 / laneGroupWidth, level2Cache / 3 * 2 / kept), 1),
        blocksPerVisit: 1)
    case .backward:
      return TileLimits(block: block(of: shape.queryLength, about: 96, step: step), groups: 6, blocksPerVisit: 1)
    }
  }

  /// About 1024 keys, the least part of a cache that is divided, are five blocks.
  private static let longBlock = 208

  /// Whether a forward pass takes blocks of ``longBlock`` keys.
  ///
  /// On Zen 4, on one thread and in turns with 96 keys, `flash bench` is 1.05 times as fast with 256 tokens under a
  /// causal mask (64 dimensions, fp32), 1.02 with a ViT in bf16, 1.01 to 1.02 with 577 tokens and with eight queries on a
  /// long cache, and 1.00 to 1.02 with long sequences of every type.
  ///
  /// Not where rows may go one by one (`FewRows.h`): blocks say there only where a cache is divided, and parts of 2112
  /// keys are as long as a step of four rows. And not where ``longBlock`` rows of K and V in fp32 do not fit into the
  /// third of the second-level cache that the lane groups leave.
  private static func takesLongBlocks(_ shape: AttentionShape, _ laneGroupWidth: Int, _ processor: Processor) -> Bool {
    processor.halvesWideVectors && laneGroupWidth == AttentionPlan.laneGroupWidth(.avx512)
      && shape.queryLength > kernel_most_few_rows(laneGroupWidth / 3) / shape.headsPerGroup
      && shape.headDimension + shape.valueDimension <= processor.level2Cache / 3 / (4 * longBlock)
  }

  /// The length of blocks of `size`, or on a short axis of equal blocks of about `size` in whole steps of a product.
  private static func block(of length: Int, about size: Int, step: Int) -> Int {
    if length >= 4 * size { return size }
    let blocks = max((length + size / 2) / size, 1)
    return max((length + step * blocks - 1) / (step * blocks) * step, step)
  }
}
