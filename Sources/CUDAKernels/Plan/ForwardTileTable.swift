/// The tiles of the forward pass: the one place that decides them.
///
/// Every entry is assembled by the tests, without spills and without products that run one after the other. For
/// warpgroups they follow Shah et al., *FlashAttention-3* (2024), as far as registers and shared memory hold them, and
/// what an H200 said of smaller ones for short sequences; those for single warps have not been timed.
enum ForwardTileTable {
  /// What a tile depends on.
  struct Question {
    /// The larger of D and Dv.
    let dimension: Int
    /// Whether bias or mask take shared memory.
    let hasAddends: Bool
    /// Whether blocks on the edge of a band are computed in part only: smaller ones waste less.
    let hasBand: Bool
    /// The rows of a plane: its queries, or those of all heads that share a tile.
    let rows: Int
    /// The keys of a plane.
    let keys: Int
    /// Whether keys are split.
    let isSplit: Bool

    /// Whether all rows of a plane fit the smallest tile.
    var hasFewRows: Bool { rows <= fewRows }
  }

  fileprivate struct Entry {
    /// The largest dimension that the entry serves.
    let dimension: Int
    let rows: Int
    /// Keys of a step without a band, with a band, and with bias or mask.
    let keys: (full: Int, band: Int, addends: Int)
    /// Keys of a step without a band where there are many: larger steps, at the cost of places for what comes next. Nil
    /// where they are the same.
    var manyKeys: Int?
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
    Entry(dimension: 128, rows: 128, keys: (128, 128, 96), manyKeys: 176),
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
    var rows = question.hasFewRows ? fewRows : entry.rows
    // The smaller tile where it takes no more of them.
    func tiles(of size: Int) -> Int { (question.rows + size - 1) / size }
    if rows == 192 && tiles(of: 128) == tiles(of: 192) { rows = 128 }
    // What a third place brings is lost again where tiles differ in length.
    let stages = question.dimension <= 64 && !question.hasBand ? 3 : 2
    return ForwardTile(rows: rows, keys: entry.keysOfStep(question), engine: .warpgroups(stages: stages))
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
    if question.hasBand { return keys.band }
    if let manyKeys, question.keys > 4096, !question.hasFewRows { return manyKeys }
    return keys.full
  }
}
