/// The bytes that the forward pass of standard attention fetches into a cache.
///
/// The scores of each lane group of queries are a panel, and each stage walks over all panels:
///
///     S = K · Qᵀ                                    writes a panel
///     softmax: maximum, then 2^(S − m), vector by vector of the panel's rows; then division by the sum
///     O += Pᵀ · V                                   reads a panel
///
/// Nothing is skipped where a mask forbids it.
struct StandardForwardTraffic {
  private let access: KernelAccess

  init(_ access: KernelAccess) { self.access = access }

  func fetched(into level: CacheLevel) -> Double {
    let queries = access.queryHeads * access.queries * access.rowPair
    if access.queryHeads == 0 || access.queries == 0 || access.keys == 0 { return queries }
    return queries + scores(level) + softmax(level) + outputs(level)
  }

  private var panels: Double { access.queryHeads * (access.queries / access.lanes).rounded(.up) }
  private var panel: Double { access.keys * access.lanes * 4 }
  private var matrix: Double { panels * panel }
  /// What the first stage reads.
  private var queriesAndKeys: Double {
    access.element * access.headDimension
      * (access.queryHeads * access.queries + access.keyValueHeads * access.keys)
  }
  private var blocks: Double { (access.keys / access.keyBlock).rounded(.up) }
  private var tile: Double { access.keyBlock * access.lanes * 4 }

  /// The rows of keys or values, of which every panel reads all, and their copies, which their blocks share.
  private func rows(_ rows: KernelAccess.Rows, _ level: CacheLevel) -> Double {
    let walks = level.fetchingWalks(of: panels / access.keyValueHeads, apart: access.keys * rows.stored + panel)
    let block = access.keyBlock * (rows.stored + rows.copied) + tile
    let again = level.excess(of: 2 * access.keyBlock * rows.copied, in: block)
    return access.keyValueHeads * walks * access.keys * rows.stored + panels * blocks * again
  }

  /// The matrix is new when it is written, so it is fetched into every cache.
  private func scores(_ level: CacheLevel) -> Double {
    rows(access.rows(access.headDimension), level) + matrix
  }

  private func softmax(_ level: CacheLevel) -> Double {
    if level.holds(panel) { return level.holds(matrix + queriesAndKeys) ? 0 : matrix }
    // A vector of each row, of which there are three, is one line of each row; it is read for the maximum and for 2^S.
    let column = access.keys * 64
    let columns = panels * column * (level.holds(column) ? 3 : 6)
    return columns + matrix
  }

  private func outputs(_ level: CacheLevel) -> Double {
    let values = access.columns(access.valueDimension, of: access.keyBlock)
    let sums = access.sums(access.valueDimension)
    let sumsStay = level.holds(access.keyBlock * values.read + tile + sums)
    let again = access.fetchedAgain(values, access.keyBlock, access.valueDimension, beside: tile, in: level)
    return rows(values, level) + (level.holds(matrix + access.keyValueHeads * access.keys * values.stored) ? 0 : matrix)
      + panels * blocks * (again + (sumsStay ? 0 : sums))
  }
}
