/// One cache as the cost model sees it: least recently used lines make room, and a line that is written is fetched.
///
/// What is used again has to be fetched again where more bytes than the cache holds were used in between.
struct CacheLevel {
  private let capacity: Double
  /// The lines that each set holds, or nil where sets are so many that no stride of a row piles lines up in a few.
  private let ways: Double?

  static let line = 64.0
  /// The bytes that one line in every set of a first-level cache holds: its sets are chosen by the address within a
  /// page, so that virtual addresses serve.
  static let page = 4096.0

  init(capacity: Int) {
    self.capacity = Double(capacity)
    ways = nil
  }

  init(firstLevel capacity: Int) {
    self.capacity = Double(capacity)
    ways = Double(capacity) / Self.page
  }

  /// Whether `bytes` stay while they are walked over again and again.
  func holds(_ bytes: Double) -> Bool { bytes <= capacity }

  /// How many of `walks` over the same data fetch it, where a walk and what else is used until the next one take
  /// `bytes`.
  func fetchingWalks(of walks: Double, apart bytes: Double) -> Double {
    holds(bytes) ? min(walks, 1) : walks
  }

  /// How much of `bytes` does not stay, of a working set of `total` bytes.
  func excess(of bytes: Double, in total: Double) -> Double { min(bytes, max(0, total - capacity)) }

  /// The bytes fetched again in `rounds` rounds, each of which reads all of a column and all of `others`.
  ///
  /// The lines of a column, pieces of rows that are a stride apart, lie in a part of the sets only. There are m lines
  /// on average in each of these; as every set has ⌊m⌋ or ⌈m⌉, a part m − ways of them, at most all, has more lines
  /// than ways. Such a set has always just dropped the line that is needed next.
  func refetched(_ column: StridedColumn, rounds: Double, beside others: Double) -> Double {
    let bytes = column.bytes
    guard let ways else { return holds(bytes + others) ? 0 : (rounds - 1) * (bytes + others) }
    let occupied = min(1, column.width / column.spacing(within: Self.page))
    let lines = bytes / (Self.page * occupied) + others / Self.page
    return (rounds - 1) * min(max(lines - ways, 0), 1) * (bytes + occupied * others)
  }
}

/// A piece of each of many rows: `rows` pieces of `width` bytes, `stride` bytes apart.
struct StridedColumn {
  let rows: Double
  let width: Double
  let stride: Double

  /// The bytes of the lines that the pieces lie in.
  var bytes: Double { rows * min((width / CacheLevel.line).rounded(.up) * CacheLevel.line, stride) }

  /// The distance of the nearest two pieces in an address space that repeats after `period` bytes, a power of two.
  func spacing(within period: Double) -> Double {
    var spacing = period
    while stride.truncatingRemainder(dividingBy: spacing) != 0 { spacing /= 2 }
    return spacing
  }
}
