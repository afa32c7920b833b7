/// The bytes that the backward pass of flash attention fetches into a cache.
///
///     for each item, for each block of queries
///       for each lane group of keys: S, dP, P and dS
///       for each lane group of keys: dV and dK
///       dQ
struct FlashBackwardTraffic {
  private let access: KernelAccess

  init(_ access: KernelAccess) { self.access = access }

  func fetched(into level: CacheLevel) -> Double {
    access.compulsoryBackward + (access.keys == 0 || access.queries == 0 ? 0 : walks(level) + steps(level) + states)
  }

  // MARK: The grid

  private var keyBlock: Double { access.keyBlock }
  /// The items and the lane groups of one head; a last item may be short.
  private var items: Double { access.keys / keyBlock }
  private var groups: Double { (access.keys / access.lanes).rounded(.up) }
  private var queriesOfItem: Double { access.seen(by: keyBlock, of: access.queries) }

  // MARK: What is in use

  /// What each query brings to each item: Q, dO, and the sums of dQ.
  private var walkedRow: Double { access.rowPair + access.queryGradientRow }
  /// Rows of neighbouring lane groups share lines where a group is no whole number of them.
  private var tile: BackwardTile {
    BackwardTile(access, row: (access.lanes * 4 / CacheLevel.line).rounded(.up) * CacheLevel.line)
  }
  private var groupsPerItem: Double { groups / items }
  private var packed: Double { groupsPerItem * tile.packed }
  private var sums: Double { groupsPerItem * tile.sums }
  private var keyRows: Double { keyBlock * access.copiedRows(access.headDimension).read }
  /// P and dS.
  private var tiles: Double { 2 * access.queryBlock * keyBlock * 4 }
  /// What an item keeps from step to step.
  private var states: Double { packed + sums + keyRows + tiles + tile.columns }

  // MARK: What is fetched

  /// Q, dO and dQ, over which each item walks; the first walk is compulsory.
  private func walks(_ level: CacheLevel) -> Double {
    let walk = queriesOfItem * walkedRow
    if level.holds(walk + states) { return 0 }
    return access.queryHeads * max(items.rounded(.up) * walk - access.queries * walkedRow, 0)
  }

  private func steps(_ level: CacheLevel) -> Double {
    // What one step leaves behind serves the next, apart from the rows.
    if level.holds(access.queryBlock * walkedRow + states) { return 0 }
    let steps = access.queryHeads * items * queriesOfItem / access.queryBlock
    return steps * (scores(level) + gradients(level) + access.queryGradientProduct(keys: keyBlock, into: level))
  }

  /// S, dP, P and dS of all lane groups. The rows are the walk's at first.
  private func scores(_ level: CacheLevel) -> Double {
    let sinceTiles = tiles + sums + keyRows + access.queryBlock * walkedRow
    let tilesFetched = level.holds(sinceTiles) ? 0 : groupsPerItem * 2 * tile.probabilities
    let rowsFetched = level.holds(tile.inUse) ? 0 : (groupsPerItem - 1) * tile.rows
    return packed + tilesFetched + rowsFetched + groupsPerItem * tile.refetchedScores(in: level)
  }

  /// dV and dK of all lane groups.
  private func gradients(_ level: CacheLevel) -> Double {
    let scoresStay = level.holds(tile.rows + packed + tiles)
    let tilesFetched = scoresStay ? 0 : groupsPerItem * 2 * tile.probabilities
    let perGroup = tile.columns > 0 ? tile.columns : tile.rows
    let groupsFetching = level.holds(tile.inUse) ? 0 : tile.columns > 0 ? groupsPerItem : groupsPerItem - 1
    return sums + tilesFetched + (scoresStay ? 0 : tile.rows) + tile.columns + groupsFetching * perGroup
      + groupsPerItem * tile.fetchedAgain(in: level)
  }
}
