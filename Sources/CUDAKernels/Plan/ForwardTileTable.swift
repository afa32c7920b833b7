/// The tiles of the forward pass: the one place that decides them.
///
/// Every entry is assembled by the tests, without spills and without products that run one after the other. For warpgroups
/// they follow Shah et al., *FlashAttention-3* (2024), as far as registers and shared memory hold them; none has been timed
/// by this project yet.
enum ForwardTileTable {
  /// What a tile depends on.
  struct Question {
    /// The larger of D and Dv.
    let dimension: Int
    /// Whether bias or mask take shared memory.
    let hasAddends: Bool
    /// Whether blocks on the edge of a band are computed in part only: smaller ones waste less.
    let hasBand: Bool
    /// Whether all rows of a plane fit the smallest tile.
    let hasFewRows: Bool
    /// Whether keys are split.
    let isSplit: Bool
  }

  fileprivate struct Entry {
    /// The largest dimension that the entry serves.
    let dimension: Int
    let rows: Int
    /// Keys of a step without a band, with a band, and with bias or mask.
    let keys: (full: Int, band: Int, addends: Int)
  }

  /// For compute capability 8.0 and above: at most 99 KiB of shared memory, which all of them have.
  private static let warps: [(entry: Entry, fragments: Int)] = [
    // Two fragments of 16 rows share what is loaded of keys and values, where registers allow it.
    (Entry(dimension: 64, rows: 128, keys: (64, 64, 64)), 2),
    (Entry(dimension: 96, rows: 128, keys: (64, 64, 64)), 1),
    (Entry(dimension: 128, rows: 128, keys: (64, 64, 32)), 1),
    (Entry(dimension: 192, rows: 64, keys: (64, 64, 64)), 1),
    (Entry(dimension: 256, rows: 64, keys: (64, 64, 32)), 1),
  ]

  /// For compute capability 9.0: at most 227 KiB.
  private static let warpgroups: [Entry] = [
    Entry(dimension: 64, rows: 192, keys: (128, 128, 96)),
    Entry(dimension: 96, rows: 192, keys: (96, 96, 64)),
    Entry(dimension: 128, rows: 128, keys: (176, 128, 96)),
    Entry(dimension: 160, rows: 128, keys: (128, 128, 96)),
    Entry(dimension: 192, rows: 128, keys: (112, 96, 64)),
    Entry(dimension: 256, rows: 128, keys: (80, 64, 32)),
  ]

  /// Where rows are few: one warpgroup, or four warps.
  static let fewRows = 64

  static func tileOfWarps(_ question: Question) -> ForwardTile {
    let (entry, fragments) = find(question.dimension, warps, \.entry.dimension)
    if question.hasFewRows {
      // Heads that share a tile have the bounds of a band for each row.
      let isFull = question.dimension > 192 && question.hasBand
      return ForwardTile(
        rows: fewRows, keys: isFull ? entry.keys.addends : entry.keysOfStep(question), engine: .warps(fragments: 1))
    }
    return ForwardTile(rows: entry.rows, keys: entry.keysOfStep(question), engine: .warps(fragments: fragments))
  }

  static func tileOfWarpgroups(_ question: Question) -> ForwardTile {
    let entry = find(question.dimension, warpgroups, \.dimension)
    let rows = question.hasFewRows ? fewRows : entry.rows
    return ForwardTile(rows: rows, keys: entry.keysOfStep(question), engine: .warpgroups(stages: 2))
  }

  private static func find<Element>(
    _ dimension: Int, _ entries: [Element], _ largest: (Element) -> Int
  ) -> Element {
    guard let entry = entries.first(where: { dimension <= largest($0) }) else {
      preconditionFailure("dimensions are at most 256")
    }
    return entry
  }
}

extension ForwardTileTable.Entry {
  fileprivate func keysOfStep(_ question: ForwardTileTable.Question) -> Int {
    // The fp32 results of a part are written from registers, which need addresses beside them.
    if question.hasAddends || (question.isSplit && !question.hasFewRows) { return keys.addends }
    return question.hasBand ? keys.band : keys.full
  }
}
