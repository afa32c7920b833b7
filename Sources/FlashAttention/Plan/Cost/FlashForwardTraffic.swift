import KernelIntrinsics

/// The bytes that the forward pass of flash attention fetches into a cache.
///
/// An item's lane groups of queries take turns with each visit of keys, which is one block, or several for the matrix
/// unit:
///
///     for each item, for each visit of keys, for each lane group, for each block of keys of the visit
///       S = K · Qᵀ      K row by row, packed Q once for every few rows
///       softmax of S
///       O += Pᵀ · V     V a few columns at a time, all of P for each of them; or the other way round, where O lies by row
///
/// Items of few rows, as in decoding, read each row of K and V once, and keep so little besides that it does not count.
struct FlashForwardTraffic {
  private let access: KernelAccess

  init(_ access: KernelAccess) { self.access = access }

  func fetched(into level: CacheLevel) -> Double {
    let queries = access.queryHeads * access.queries * access.rowPair
    if itemRows == 0 || access.keys == 0 { return queries }
    let rows = queries + keyValueRows(into: level) + partialRows(into: level)
    return isShort ? rows : rows + products(into: level) + scratch
  }

  // MARK: The grid

  private var headsPerItem: Double { Double(min(access.tiles.headsPerBlock, access.shape.headsPerGroup)) }
  private var itemRows: Double { min(Double(access.tiles.queryBlock), headsPerItem * access.queries) }
  private var groupsPerItem: Double { (itemRows / access.lanes).rounded(.up) }
  /// Runs of items, each of which has all queries of one head or of the heads that share an item.
  private var runs: Double {
    access.keyValueHeads * (Double(access.shape.headsPerGroup) / headsPerItem).rounded(.up)
  }
  private var items: Double { runs * (headsPerItem * access.queries / itemRows).rounded(.up) }
  private var groups: Double { runs * (headsPerItem * access.queries / access.lanes).rounded(.up) }
  /// The items that share the queries of one, each with a part of the keys.
  private var parts: Double { (access.keys / Double(max(access.tiles.keysPerItem, 1))).rounded(.up) }
  private var isShort: Bool {
    let rows = Int(headsPerItem) * access.shape.queryLength
    return kernel_can_go_by_rows(access.shape.headDimension, access.shape.valueDimension)
      && access.shape.keyLength
        >= kernel_fewest_keys_of_few_rows(rows, Int(access.lanesPerVector), access.hasPairs)
  }
  private var keysOfItem: Double { access.seen(by: min(itemRows, access.queries), of: access.keys) }
  private var keysOfGroup: Double { access.seen(by: min(access.lanes, access.queries), of: access.keys) }

  // MARK: What is in use

  private var keyRows: KernelAccess.Rows { access.rows(access.headDimension) }
  private var valueRows: KernelAccess.Rows { access.columns(access.valueDimension, of: keyBlock) }
  private var keyBlock: Double { access.keyBlock }
  /// A tile of scores; with the matrix unit the probabilities of a block and two pieces of 32 keys' scores.
  private var scores: Double {
    access.usesMatrixUnit
      ? (keyBlock * access.packedNumber + 2 * 32 * 4) * access.lanes : keyBlock * access.lanes * 4
  }
  /// P as it is multiplied: two rows of pairs lie in one row of scores.
  private var probabilities: Double { access.hasPairs && !access.usesMatrixUnit ? scores / 2 : scores }
  private var packedQueries: Double { access.packed(access.headDimension) }
  private var outputs: Double { access.sums(access.valueDimension) }
  private var states: Double { groupsPerItem * (packedQueries + outputs) + scores }
  /// One visit of keys and values with one lane group.
  private var step: Double { visit + packedQueries + outputs + scores }
  private var keysPerVisit: Double { access.keysPerVisit }
  private var visit: Double { keysPerVisit * keyAndValue }
  private var keyAndValue: Double { keyRows.read + valueRows.read }

  /// Scratch memory, fetched when it is touched for the first time.
  private var scratch: Double { access.threads * (states + copies) }
  private var copies: Double { keysPerVisit * (keyRows.copied + valueRows.copied) }

  // MARK: What is fetched

  /// K and V where they are stored. Each item walks over them, or over a part of them.
  private func keyValueRows(into level: CacheLevel) -> Double {
    let walk = keysOfItem * access.rowPair
    // Every key is seen by some item.
    let once = access.keyValueHeads * access.keys * access.rowPair
    return level.holds(walk / parts + states + copies) ? once : max(once, items * walk)
  }

  /// The sums of parts, which are written and read again.
  private func partialRows(into level: CacheLevel) -> Double {
    if parts == 1 { return 0 }
    let bytes = parts * access.queryHeads * access.queries * (access.valueDimension * 4 + 8)
    return level.holds(bytes) ? bytes : 2 * bytes
  }

  /// What a block's P · V fetches more than once.
  private func values(into level: CacheLevel) -> Double {
    let column = valueRows.column(keyBlock).bytes
    if access.usesMatrixUnit || access.sumsLieByRow(access.valueDimension) || level.holds(probabilities + column) {
      return access.fetchedAgain(valueRows, keyBlock, access.valueDimension, beside: probabilities, in: level)
    }
    // Nothing stays from one register tile to the next, which reads all of P and a column of lines again.
    let tiles = (access.valueDimension / access.tileRows).rounded(.up)
    let columns = (access.valueDimension / KernelAccess.termsInLine).rounded(.up)
    return (tiles - 1) * probabilities + (tiles - columns) * column
  }

  private func products(into level: CacheLevel) -> Double {
    let blocks = groups * keysOfGroup / keyBlock
    let visits = groups * keysOfGroup / keysPerVisit
    let itemVisits = min(visits, items * keysOfItem / keysPerVisit)
    let itemVisit = visit + states
    // The first lane group finds what the walk has just brought; what was copied is pushed out before it is read.
    let rows = level.holds(step) ? 0 : (visits - itemVisits) * (visit - copies) + visits * copies
    let copying = level.holds(itemVisit + keysPerVisit * access.rowPair) ? 0 : itemVisits * copies
    // A tile that is pushed out by the keys is fetched to be written, and again to be read.
    let tile = level.excess(of: 2 * scores, in: keyBlock * keyRows.read + packedQueries + scores)
    let group = level.holds(itemVisit) ? 0 : packedQueries + outputs
    return rows + copying + visits * group + blocks * (tile + values(into: level))
  }
}
