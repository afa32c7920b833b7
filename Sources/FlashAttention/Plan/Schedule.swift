import KernelIntrinsics

/// The work items of a forward pass: a fixed grid, whatever the number of threads.
///
/// An item is one block of queries of one head or, where the queries are so short that several heads fit into a block,
/// of several heads that share their keys and values: then each tile of keys and values is read once for all of them.
/// Where that makes few items, each is split into parts with a range of the keys each, which are merged at the end.
struct ForwardSchedule {
  let queryBlocks: Int
  /// The number of parts that the keys are split into; 1 where the items finish their rows themselves.
  let parts: Int
  private let keysPerPart: Int
  private let headsPerItem: Int
  private let headBlocks: Int
  private let itemsPerBatch: Int
  private let queryBlock: Int
  private let lastQueriesFirst: Bool
  private let shape: AttentionShape

  /// The number of items, counting each part.
  let count: Int
  /// The number of items without their parts: of merges, where there are parts.
  let rowItemCount: Int

  /// - Parameter lastQueriesFirst: Whether to begin with the last queries, which under a causal mask are the longest
  ///   items; what is left at the end is then short and evens out between the threads.
  init(_ shape: AttentionShape, _ tiles: TileShape, lastQueriesFirst: Bool = false) {
    queryBlock = tiles.queryBlock
    headsPerItem = tiles.headsPerBlock
    self.shape = shape
    self.lastQueriesFirst = lastQueriesFirst
    queryBlocks = (shape.queryLength + queryBlock - 1) / queryBlock
    headBlocks = (shape.headsPerGroup + headsPerItem - 1) / headsPerItem
    itemsPerBatch = shape.keyValueHeads * headBlocks
    rowItemCount = shape.queryHeads == 0 ? 0 : shape.batch * itemsPerBatch * queryBlocks
    keysPerPart = tiles.keysPerItem
    parts = shape.keyLength > keysPerPart ? (shape.keyLength + keysPerPart - 1) / keysPerPart : 1
    count = rowItemCount * parts
  }

  /// Item `index`, without the place of its partial rows.
  ///
  /// All items that read the same keys and values follow each other, so that these stay in the caches.
  subscript(index: Int) -> ForwardItem {
    let rowItem = index % queryBlocks + index / (queryBlocks * parts) * queryBlocks
    let part = index / queryBlocks % parts
    var item = rows(of: rowItem)
    item.firstKey = part * keysPerPart
    item.keys = min(keysPerPart, shape.keyLength - item.firstKey)
    return item
  }

  /// The rows of item `rowItem` with all keys.
  func rows(of rowItem: Int) -> ForwardItem {
    let step = rowItem % queryBlocks
    let block = lastQueriesFirst ? queryBlocks - 1 - step : step
    let heads = rowItem / queryBlocks
    let batch = heads / itemsPerBatch
    let group = heads % itemsPerBatch / headBlocks
    let firstInGroup = heads % headBlocks * headsPerItem
    return ForwardItem(
      batch: batch, firstHead: group * shape.headsPerGroup + firstInGroup,
      heads: min(headsPerItem, shape.headsPerGroup - firstInGroup), firstQuery: block * queryBlock,
      queries: min(queryBlock, shape.queryLength - block * queryBlock), firstKey: 0, keys: shape.keyLength,
      partialRows: nil, next: nil)
  }

  /// The place of an item's partial rows among those of all parts: part by part, each as long as all rows.
  func firstPartialRow(_ item: ForwardItem) -> Int {
    let part = item.firstKey / max(keysPerPart, 1)
    return part * rowCount
      + (item.batch * shape.queryHeads + item.firstHead) * shape.queryLength + item.heads * item.firstQuery
  }

  /// The number of rows of one part.
  var rowCount: Int { shape.batch * shape.queryHeads * shape.queryLength }
}

/// The work items of a backward pass: every block of keys of every key/value head.
///
/// Heads are worked on in teams of as many as there are threads. Within a team the first blocks of all heads come
/// first, then the second blocks, and so on: threads work on different heads, each of which stays in a cache, and an
/// item never has to wait for one that comes after it.
struct BackwardSchedule {
  private let shape: AttentionShape
  private let keyBlock: Int
  private let heads: Int
  private let team: Int
  /// The keys that the last block takes from the one before.
  private let shift: Int

  /// The number of blocks of one head.
  let blocksPerHead: Int

  /// The number of items.
  let count: Int

  /// - Parameters:
  ///   - team: How many heads are worked on at the same time.
  ///   - sharedTail: The lanes of a vector where the last two lane groups of an item share their vectors evenly so that
  ///     none remains alone. How a key's sums by column begin under a mask depends on the vectors beside it, and blocks
  ///     may not decide which these are: a vector that is alone in the last block gets one from the block before.
  init(_ shape: AttentionShape, keyBlock: Int, team: Int, sharedTail lanes: Int = 0) {
    self.shape = shape
    self.keyBlock = keyBlock
    self.team = team
    heads = shape.batch * shape.keyValueHeads
    blocksPerHead = (shape.keyLength + keyBlock - 1) / keyBlock
    count = heads * blocksPerHead
    shift = blocksPerHead > 1 && shape.keyLength - (blocksPerHead - 1) * keyBlock <= lanes ? lanes : 0
  }

  /// One block of keys of one key/value head.
  struct Block: Hashable {
    /// The head, counted over all batches.
    let head: Int
    /// The block's place among the head's.
    let block: Int
  }

  /// The block that is item `index`.
  subscript(index: Int) -> Block {
    let firstHead = index / (team * blocksPerHead) * team
    let size = min(team, heads - firstHead)
    let inTeam = index - firstHead * blocksPerHead
    return Block(head: firstHead + inTeam % size, block: inTeam / size)
  }

  /// Where the progress of a block is kept.
  func progressIndex(_ block: Block) -> Int { block.head * blocksPerHead + block.block }

  func batch(_ block: Block) -> Int { block.head / shape.keyValueHeads }
  func keyValueHead(_ block: Block) -> Int { block.head % shape.keyValueHeads }
  func firstKey(_ block: Block) -> Int { start(of: block.block) }
  func keys(_ block: Block) -> Int { start(of: block.block + 1) - start(of: block.block) }

  private func start(of block: Int) -> Int {
    block == blocksPerHead ? shape.keyLength : block * keyBlock - (block == blocksPerHead - 1 ? shift : 0)
  }

  /// The block that adds to the same part of the query gradient before this one.
  func queryGradientPredecessor(_ block: Block) -> Block? {
    block.block > 0 ? Block(head: block.head, block: block.block - 1) : nil
  }

  /// The block that adds to the same part of the bias gradient before this one. It precedes this one among the items
  /// where the team is all heads.
  ///
  /// - Parameters:
  ///   - sharesBatch: Whether all batches share the bias.
  ///   - sharesHeads: Whether all heads share it.
  ///   - sharesKeys: Whether all keys share it.
  func biasGradientPredecessor(_ block: Block, sharesBatch: Bool, sharesHeads: Bool, sharesKeys: Bool) -> Block? {
    // The sharers of one block of keys add in the order of their heads.
    if sharesHeads && keyValueHead(block) > 0 { return Block(head: block.head - 1, block: block.block) }
    if sharesBatch && batch(block) > 0 {
      return Block(head: block.head - (sharesHeads ? 1 : shape.keyValueHeads), block: block.block)
    }
    guard sharesKeys && block.block > 0 else { return nil }
    // The first sharer of a block follows the last sharer of the block before.
    let lastHead = sharesHeads ? shape.keyValueHeads - 1 : keyValueHead(block)
    let lastBatch = sharesBatch ? shape.batch - 1 : batch(block)
    return Block(head: lastBatch * shape.keyValueHeads + lastHead, block: block.block - 1)
  }
}
