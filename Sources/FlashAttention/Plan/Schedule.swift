import KernelIntrinsics

/// The work items of a forward pass: a fixed grid, whatever the number of threads.
///
/// An item is one block of queries of one head or, where the queries are so short that several heads fit into a block,
/// of several heads that share their keys and values: then each tile of keys and values is read once for all of them.
struct ForwardSchedule {
  let queryBlocks: Int
  private let headsPerItem: Int
  private let headBlocks: Int
  private let itemsPerBatch: Int
  private let queryBlock: Int
  private let lastQueriesFirst: Bool
  private let shape: AttentionShape

  /// The number of items.
  let count: Int

  /// - Parameter lastQueriesFirst: Whether to begin with the last queries, which under a causal mask are the longest
  ///   items; what is left at the end is then short and evens out between the threads.
  init(_ shape: AttentionShape, queryBlock: Int, lastQueriesFirst: Bool) {
    let fitting = shape.queryLength == 0 ? 1 : max(1, queryBlock / shape.queryLength)
    self.init(
      shape, queryBlock: queryBlock, headsPerItem: min(shape.headsPerGroup, fitting),
      lastQueriesFirst: lastQueriesFirst)
  }

  /// The items of standard attention, which keeps the panels of different heads apart.
  init(onePerHead shape: AttentionShape, queryBlock: Int) {
    self.init(shape, queryBlock: queryBlock, headsPerItem: 1, lastQueriesFirst: false)
  }

  private init(_ shape: AttentionShape, queryBlock: Int, headsPerItem: Int, lastQueriesFirst: Bool) {
    self.shape = shape
    self.queryBlock = queryBlock
    self.headsPerItem = headsPerItem
    self.lastQueriesFirst = lastQueriesFirst
    queryBlocks = (shape.queryLength + queryBlock - 1) / queryBlock
    headBlocks = (shape.headsPerGroup + headsPerItem - 1) / headsPerItem
    itemsPerBatch = shape.keyValueHeads * headBlocks
    count = shape.batch * itemsPerBatch * queryBlocks
  }

  /// The queries of item `index`.
  subscript(index: Int) -> ForwardItem {
    let inBlock = shape.batch * itemsPerBatch
    let step = index / inBlock
    let block = lastQueriesFirst ? queryBlocks - 1 - step : step
    let batch = index % inBlock / itemsPerBatch
    let group = index % itemsPerBatch / headBlocks
    let headBlock = index % headBlocks
    let firstInGroup = headBlock * headsPerItem
    return ForwardItem(
      batch: batch, firstHead: group * shape.headsPerGroup + firstInGroup,
      heads: min(headsPerItem, shape.headsPerGroup - firstInGroup), firstQuery: block * queryBlock,
      queries: min(queryBlock, shape.queryLength - block * queryBlock))
  }
}

/// The work items of a backward pass: every block of keys of every key/value head.
///
/// The first blocks of all heads come first, so that threads work on different heads while there are enough, and an item
/// never has to wait for one that comes after it.
struct BackwardSchedule {
  private let shape: AttentionShape
  private let keyBlock: Int
  private let heads: Int

  /// The number of items.
  let count: Int

  init(_ shape: AttentionShape, keyBlock: Int) {
    self.shape = shape
    self.keyBlock = keyBlock
    heads = shape.batch * shape.keyValueHeads
    count = heads * ((shape.keyLength + keyBlock - 1) / keyBlock)
  }

  func batch(_ index: Int) -> Int { index % heads / shape.keyValueHeads }
  func keyValueHead(_ index: Int) -> Int { index % shape.keyValueHeads }
  func firstKey(_ index: Int) -> Int { index / heads * keyBlock }
  func keys(_ index: Int) -> Int { min(keyBlock, shape.keyLength - firstKey(index)) }

  /// The item that adds to the same part of the query gradient before this one.
  func queryGradientPredecessor(_ index: Int) -> Int? { index >= heads ? index - heads : nil }

  /// The item that adds to the same part of the bias gradient before this one.
  ///
  /// - Parameters:
  ///   - sharesBatch: Whether all batches share the bias.
  ///   - sharesHeads: Whether all heads share it.
  ///   - sharesKeys: Whether all keys share it.
  func biasGradientPredecessor(_ index: Int, sharesBatch: Bool, sharesHeads: Bool, sharesKeys: Bool) -> Int? {
    let batch = batch(index)
    let head = keyValueHead(index)
    // The sharers of one key block in the order of the items: all that differ from this one only in shared axes.
    if sharesHeads && head > 0 { return index - 1 }
    if sharesBatch && batch > 0 {
      return sharesHeads ? index - 1 : index - shape.keyValueHeads
    }
    guard sharesKeys && index >= heads else { return nil }
    // The first sharer of a block follows the last sharer of the block before.
    let lastHead = sharesHeads ? shape.keyValueHeads - 1 : head
    let lastBatch = sharesBatch ? shape.batch - 1 : batch
    return (index / heads - 1) * heads + lastBatch * shape.keyValueHeads + lastHead
  }
}
