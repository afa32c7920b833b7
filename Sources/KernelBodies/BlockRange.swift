import KernelIntrinsics

/// A half-open range of rows or keys.
struct BlockRange {
  var start: Int
  var end: Int

  var count: Int { max(end - start, 0) }
  var isEmpty: Bool { end <= start }

  @inline(__always)
  func intersection(_ other: BlockRange) -> BlockRange {
    BlockRange(start: max(start, other.start), end: min(end, other.end))
  }

  /// What lies in the lanes of one vector where the range begins in lane 0.
  @inline(__always)
  func part(ofVector vector: Int) -> BlockRange {
    let first = start + vector * laneCount
    return BlockRange(start: first, end: min(first + laneCount, end))
  }

  /// The smallest range that holds all of `range` but what lies in `first...last`.
  @inline(__always)
  static func outside(_ first: Int, _ last: Int, of range: BlockRange) -> BlockRange {
    if range.start < first && range.end - 1 > last { return range }
    if range.start < first { return BlockRange(start: range.start, end: min(first, range.end)) }
    return BlockRange(start: max(last + 1, range.start), end: range.end)
  }
}

extension ForwardItem {
  /// The keys of the item.
  var keyRange: BlockRange {
    @inline(__always) get { BlockRange(start: firstKey, end: firstKey + keys) }
  }

  /// The queries of the item.
  var queryRange: BlockRange {
    @inline(__always) get { BlockRange(start: firstQuery, end: firstQuery + queries) }
  }
}

/// Which keys the positional mask lets which queries see, in whole blocks.
///
/// Query i may see key j where diagonal + i − left ≤ j ≤ diagonal + i + right: full, causal and window masks are all
/// of this form, so this type serves them all.
extension KernelProblem {
  /// The keys that at least one of the queries `queries` may see.
  @inline(__always)
  func keys(seenBy queries: BlockRange) -> BlockRange {
    BlockRange(
      start: max(0, diagonal + queries.start - left), end: min(keyLength, keyEnd(seenBy: queries.end - 1)))
  }

  /// One past the last key that a query may see, were there as many keys as one likes. The next query's is one more.
  @inline(__always)
  func keyEnd(seenBy query: Int) -> Int { diagonal + query + 1 + right }

  /// The first query that may see a key, were there as many queries as one likes. The next key's is one more.
  @inline(__always)
  func queryStart(seeing key: Int) -> Int { key - diagonal - right }

  /// The keys of an item that at least one of its queries may see.
  @inline(__always)
  func keys(of item: ForwardItem) -> BlockRange { keys(seenBy: item.queryRange).intersection(item.keyRange) }

  /// The queries that may see at least one of the keys `keys`.
  @inline(__always)
  func queries(seeing keys: BlockRange) -> BlockRange {
    BlockRange(
      start: max(0, queryStart(seeing: keys.start)), end: min(queryLength, keys.end - diagonal + left))
  }

  /// Whether every query of `queries` may see every key of `keys`.
  @inline(__always)
  func permitsAll(queries: BlockRange, keys: BlockRange) -> Bool {
    keys.start >= diagonal + queries.end - 1 - left && keys.end - 1 <= diagonal + queries.start + right
  }

  /// Whether a mask may forbid some query of `queries` a key of `keys`, or a bias changes their scores.
  @inline(__always)
  func isMasked(queries: BlockRange, keys: BlockRange) -> Bool {
    hasElementwiseMask || !permitsAll(queries: queries, keys: keys)
  }

  /// The smallest range of `keys` that holds every key which some query of `queries` may not see.
  @inline(__always)
  func keysForbidden(toAnyOf queries: BlockRange, among keys: BlockRange) -> BlockRange {
    let firstSeenByAll = diagonal + queries.end - 1 - left
    let lastSeenByAll = diagonal + queries.start + right
    return BlockRange.outside(firstSeenByAll, lastSeenByAll, of: keys)
  }

  /// The smallest range of `queries` that holds every query which may not see some key of `keys`.
  @inline(__always)
  func queriesForbidden(anyOf keys: BlockRange, among queries: BlockRange) -> BlockRange {
    let firstSeeingAll = keys.end - 1 - diagonal - right
    let lastSeeingAll = keys.start - diagonal + left
    return BlockRange.outside(firstSeeingAll, lastSeeingAll, of: queries)
  }

  /// The head whose keys and values an item reads.
  @inline(__always)
  func keyValueHead(of item: ForwardItem) -> Int { item.firstHead / (queryHeads / keyValueHeads) }

  /// What the scores are multiplied by as they are computed: log₂ e puts them in base 2, and a softcap needs S / cap.
  var scoreFactor: Float {
    softcap > 0 ? scale / softcap : scale * log2OfE
  }

  /// Whether any position may be forbidden by something other than the positional mask.
  var hasElementwiseMask: Bool { mask.isPresent || bias.isPresent }
}
