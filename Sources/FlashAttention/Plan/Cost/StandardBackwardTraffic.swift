/// The bytes that the backward pass of standard attention fetches into a cache.
///
/// P and dS of each lane group of keys are panels, and each stage walks over all panels:
///
///     S, dP, P and dS       writes both panels
///     dV and dK             reads both
///     dQ                    reads dS, for a run of query blocks at a time
///
/// The blocks of queries that see no key of a panel are skipped.
struct StandardBackwardTraffic {
  private let access: KernelAccess

  init(_ access: KernelAccess) { self.access = access }

  func fetched(into level: CacheLevel) -> Double {
    if access.queryHeads == 0 || access.queries == 0 || access.keys == 0 { return access.compulsoryBackward }
    return access.compulsoryBackward + scores(level) + keyValueGradients(level) + queryGradients(level)
  }

  private var panels: Double { access.queryHeads * (access.keys / access.lanes).rounded(.up) }
  private var queriesOfPanel: Double { access.seen(by: min(access.lanes, access.keys), of: access.queries) }
  private var panel: Double { queriesOfPanel * access.lanes * 4 }
  private var matrix: Double { panels * panel }
  private var steps: Double { panels * queriesOfPanel / access.queryBlock }
  private var tile: BackwardTile { BackwardTile(access, row: access.lanes * 4) }

  /// Q and dO, over which a stage walks for each panel.
  private func rows(_ level: CacheLevel) -> Double {
    let walk = queriesOfPanel * access.rowPair
    return access.queryHeads * walk
      * level.fetchingWalks(of: panels / access.queryHeads, apart: walk + 2 * panel)
  }

  /// Both matrices are new when they are written, so they are fetched into every cache.
  private func scores(_ level: CacheLevel) -> Double {
    let packed = level.holds(tile.rows + tile.packed + 2 * tile.probabilities) ? 0 : tile.packed
    return rows(level) + 2 * matrix + steps * (packed + tile.refetchedScores(in: level))
  }

  private func keyValueGradients(_ level: CacheLevel) -> Double {
    let sums = level.holds(tile.rows + tile.sums + 2 * tile.probabilities) ? 0 : tile.sums
    // The rows of a block are copied, and the copies read.
    let copies = level.holds(tile.rows + tile.columns + tile.sums) ? 0 : 2 * tile.columns
    return rows(level) + (level.holds(2 * matrix) ? 0 : 2 * matrix)
      + steps * (sums + copies + tile.fetchedAgain(in: level))
  }

  private func queryGradients(_ level: CacheLevel) -> Double {
    // Eight blocks of queries walk over the panels together.
    let run = min(8 * access.queryBlock, access.queries) * access.queryGradientRow
    let walks = level.fetchingWalks(of: panels / access.queryHeads, apart: run + panel)
    let tile = access.queryBlock * access.lanes * 4
    let keys = access.lanes * access.copiedRows(access.headDimension).read
    let products =
      level.holds(tile + keys) ? 0 : access.queryGradientProduct(keys: access.lanes, into: level) - tile
    return access.queryHeads * queriesOfPanel * access.queryGradientRow * max(walks - 1, 0)
      + (level.holds(matrix) ? 0 : matrix) + steps * products
  }
}
