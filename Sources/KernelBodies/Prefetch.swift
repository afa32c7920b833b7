import KernelIntrinsics

/// Brings the rows that are needed next into the second-level cache while the present ones are computed with.
///
/// Their first use would otherwise wait for a farther level line by line. The lines are asked for a few at a time,
/// before every few register tiles and, where they are many, also between the terms of each: processors silently drop
/// what they are asked for beyond some two dozen lines that are on their way.
struct Prefetch {
  private var ranges: InlineArray<8, RowPrefetch>
  private var count = 0
  private var taken = 0
  /// The range whose lines are being asked for.
  private var current = RowPrefetch.none
  private var lines = 0
  private var linesAtOnce = 0
  /// How many register tiles there are for each time that lines are asked for, where these are few, and how many are
  /// left until then.
  private var tilesPerFetch = 1
  private var tilesUntilNext = 1
  /// How many times lines are asked for in a register tile.
  private(set) var burstsPerTile = 1
  /// Whether the matrix unit's products ask for lines at each of their steps instead of before each row of tiles.
  private(set) var isByStep = false

  init() { ranges = [.none, .none, .none, .none, .none, .none, .none, .none] }

  /// Adds rows, after what was added before; at most eight times.
  mutating func add(_ range: OperandRange, of operand: KernelOperand) { add(RowPrefetch(range, of: operand)) }

  /// Adds what a bias, its gradient or a mask has for some queries of one head and some keys, where it is present.
  mutating func add(scores operand: KernelOperand, of queries: OperandRange, keys: BlockRange) {
    if !operand.isPresent { return }
    var range = queries
    range.columns = keys.count
    // All queries may have one row.
    if operand.rowStride == 0 { range.rows = 1 }
    add(range, of: operand.from(column: keys.start))
  }

  /// Adds the lines of consecutive bytes.
  mutating func add(at address: UnsafeRawPointer, bytes: Int) { add(RowPrefetch(at: address, bytes: bytes)) }

  private mutating func add(_ rows: RowPrefetch) {
    // What fetches a range counts on its having lines.
    if rows.isEmpty { return }
    lines += rows.lines
    ranges[count] = rows
    count += 1
  }

  /// The most lines that are asked for at once where that is enough, and about how many where it is not: 77 tokens and
  /// their gradients are 20 to 30 % faster than with all lines of a tile at once, eight queries on a long cache 40 %. A
  /// burst has two lines of each piece of a row.
  private static var mostAtOnce: (alone: Int, inBursts: Int) { @inline(__always) get { (24, 16) } }
  /// About the fewest lines that are asked for at once: calls for every tile were 3 % of a short head's instructions.
  private static var fewestAtOnce: Int { @inline(__always) get { 12 } }

  /// Says over how many register tiles to spread the lines.
  ///
  /// - Parameter steps: The steps of the matrix unit's products, which ask for lines one by one where these are many:
  ///   eight queries on a long cache are 11 to 27 % faster so, and many queries, which have few lines, 3 to 7 % slower.
  ///   0 without it.
  mutating func spread(over tiles: Int, steps: Int = 0) {
    let tiles = max(tiles, 1)
    let linesPerTile = (lines + tiles - 1) / tiles
    if linesPerTile > Self.mostAtOnce.alone {
      burstsPerTile = (linesPerTile + Self.mostAtOnce.inBursts - 1) / Self.mostAtOnce.inBursts
      for range in 0..<count { ranges[range].divide() }
    } else {
      tilesPerFetch = max(Self.fewestAtOnce / max(linesPerTile, 1), 1)
    }
    isByStep = burstsPerTile > 1 && steps > 0
    let fetches = isByStep ? steps : max(tiles * burstsPerTile / tilesPerFetch, 1)
    linesAtOnce = (lines + fetches - 1) / fetches
  }

  /// Asks for the next few lines, if it is time.
  @inline(__always)
  mutating func fetch() {
    tilesUntilNext -= 1
    if tilesUntilNext <= 0 { fetchLines() }
  }

  /// Asks for the lines of as many register tiles.
  @inline(__always)
  mutating func fetch(tiles: Int) {
    var bursts = tiles * burstsPerTile
    while bursts > 0 {
      fetch()
      bursts -= 1
    }
  }

  @inline(never)
  private mutating func fetchLines() {
    tilesUntilNext = tilesPerFetch
    var remaining = linesAtOnce
    while remaining > 0 {
      if !hasLines() {
        tilesUntilNext = .max
        return
      }
      remaining -= current.fetchLines(atMost: remaining)
    }
  }

  /// Goes on to the next range where the present one is done.
  ///
  /// - Returns: Whether there is a line to ask for.
  @inline(__always)
  private mutating func hasLines() -> Bool {
    if !current.isEmpty { return true }
    if taken == count { return false }
    current = ranges[taken]
    taken += 1
    return true
  }

  /// Asks for the next few lines without a call, and no farther than a range goes.
  @inline(__always)
  mutating func fetchStep() {
    if hasLines() { fetchWithinTile() }
  }

  /// As ``fetchStep()``, but no farther than the present range goes: in the middle of a register tile, where a call
  /// would cost all registers.
  @inline(__always)
  mutating func fetchWithinTile() {
    var remaining = linesAtOnce
    while remaining > 0 && !current.isEmpty { remaining -= current.fetchLines(atMost: remaining) }
  }
}

/// When a product asks for lines. Types, so that products with few of them have nothing in their loops.
protocol FetchMoments {
  static var areWithinTiles: Bool { get }
}

enum BeforeTiles: FetchMoments { static var areWithinTiles: Bool { @inline(__always) get { false } } }
enum WithinTiles: FetchMoments { static var areWithinTiles: Bool { @inline(__always) get { true } } }

/// The cache lines of consecutive rows, one after the other.
struct RowPrefetch {
  private var row: UnsafeRawPointer
  private let rowStride: Int
  private var rowBytes: Int
  private var offset = 0
  private var rows: Int
  /// The size in bytes of the pieces of a row that are asked for side by side; 0 where it is not divided.
  private var pieceStride = 0

  /// The lines of the rows that lie in `range`, or none where rows do not lie in one piece.
  init(_ range: OperandRange, of operand: KernelOperand) {
    let size = operand.elementSize
    row = UnsafeRawPointer(operand.base.unsafelyUnwrapped) + range.offset(in: operand) * size
    rowStride = operand.rowStride * size
    // Rows without a gap are one long row.
    let isGapless = operand.rowStride == range.columns
    rowBytes = range.columns * size * (isGapless ? range.rows : 1)
    rows = operand.columnStride != 1 || rowBytes == 0 ? 0 : isGapless ? 1 : range.rows
  }

  init(at address: UnsafeRawPointer, bytes: Int) {
    row = address
    rowStride = 0
    rowBytes = bytes
    rows = bytes == 0 ? 0 : 1
  }

  static var none: RowPrefetch { RowPrefetch(at: UnsafeRawPointer(bitPattern: 64).unsafelyUnwrapped, bytes: 0) }

  var isEmpty: Bool { rows == 0 }

  var lines: Int { rows * ((rowBytes + 63) / 64) }

  /// Asks for the next lines, at most `most` and no farther than a row; returns how many these are. Of a row that is
  /// divided they are as many of each piece, and a few more where `most` is no multiple.
  @inline(__always)
  mutating func fetchLines(atMost most: Int) -> Int {
    if pieceStride > 0 { return fetchPieces(atMost: most) }
    let count = min(most, (rowBytes - offset + 63) / 64)
    let first = row + offset
    var line = 0
    while line < count {
      kernel_prefetch(first + 64 * line)
      line += 1
    }
    skip(lines: count)
    return count
  }

  @inline(__always)
  private mutating func fetchPieces(atMost most: Int) -> Int {
    let count = min((most + Self.pieces - 1) / Self.pieces, (rowBytes - offset) / 64)
    var first = row + offset
    for _ in 0..<count {
      for piece in 0..<Self.pieces { kernel_prefetch(first + piece * pieceStride) }
      first += 64
    }
    skip(lines: count)
    return Self.pieces * count
  }

  /// Has pieces of a long row asked for side by side.
  ///
  /// Processors look ahead from the lines that they are asked for, but within a page only, and keep more on the way
  /// where these lie in several.
  mutating func divide() {
    if rows != 1 || rowBytes < Self.pieces * Self.leastPiece { return }
    // An odd number of lines, because equally distant pages would share their places in a cache.
    rowBytes = ((lines + Self.pieces - 1) / Self.pieces | 1) * 64
    pieceStride = rowBytes
  }

  /// The pieces of a row that is divided: fp32, eight queries on 32768 keys, 96 of which are one row, were 1.07 times
  /// as fast with four, and 1.14 times with eight, on Emerald Rapids.
  private static var pieces: Int { @inline(__always) get { 8 } }
  private static var leastPiece: Int { @inline(__always) get { 2048 } }

  /// Reads from all lines in the order in which they lie in memory, which the processor's own look-ahead follows: for
  /// rows that are read column by column afterwards.
  @inline(__always)
  mutating func readLines() {
    while !isEmpty {
      kernel_read_line(row + offset)
      skip(lines: 1)
    }
  }

  /// Passes over lines of the present row.
  @inline(__always)
  private mutating func skip(lines: Int) {
    offset += 64 * lines
    if offset >= rowBytes {
      offset = 0
      row += rowStride
      rows -= 1
    }
  }
}
