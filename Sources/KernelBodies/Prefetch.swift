import KernelIntrinsics

/// Brings the rows that are needed next into the second-level cache while the present ones are computed with.
///
/// Their first use would otherwise wait for a farther level line by line. The lines are asked for a few at a time, once
/// per register tile, so that they never fill the buffers that the tile's own misses need.
struct Prefetch {
  private var ranges: InlineArray<8, RowPrefetch>
  private var count = 0
  private var current = 0
  private var lines = 0
  private var linesPerTile = 0
  private var goesLineByLine = false

  init() { ranges = [.none, .none, .none, .none, .none, .none, .none, .none] }

  /// Adds rows, after what was added before; at most eight times.
  mutating func add(_ range: OperandRange, of operand: KernelOperand) { add(RowPrefetch(range, of: operand)) }

  /// Adds the lines of consecutive bytes.
  mutating func add(at address: UnsafeRawPointer, bytes: Int) { add(RowPrefetch(at: address, bytes: bytes)) }

  private mutating func add(_ rows: RowPrefetch) {
    lines += rows.lines
    ranges[count] = rows
    count += 1
  }

  /// Says over how many register tiles to spread the lines.
  mutating func spread(over tiles: Int) {
    linesPerTile = (lines + tiles - 1) / max(tiles, 1)
    goesLineByLine = linesPerTile > Self.mostAtOnce && count <= 2
  }

  /// Processors drop what they are asked for beyond some two dozen lines at a time.
  private static var mostAtOnce: Int { @inline(__always) get { 24 } }

  /// Asks for the next few lines.
  @inline(__always)
  mutating func fetch() {
    if current == count { return }
    if goesLineByLine { fetchLineByLine() } else { fetchLines() }
  }

  /// Asks for the lines of up to two ranges with so many instructions for each that the processor's own look-ahead, which
  /// they set off, keeps up: eight queries on a long cache are 10 to 30 % slower if they are asked for at once.
  @inline(__always)
  private mutating func fetchLineByLine() {
    var remaining = linesPerTile
    while remaining > 0 {
      if !ranges[0].fetchLine() && !ranges[1].fetchLine() {
        current = count
        return
      }
      remaining -= 1
    }
  }

  @inline(never)
  private mutating func fetchLines() {
    var remaining = linesPerTile
    while remaining > 0 && current < count {
      remaining -= ranges[current].forNextLines(atMost: remaining) { kernel_prefetch($0) }
      if ranges[current].isEmpty { current += 1 }
    }
  }
}

/// The cache lines of consecutive rows, one after the other.
struct RowPrefetch {
  private var row: UnsafeRawPointer
  private let rowStride: Int
  private let rowBytes: Int
  private var offset = 0
  private var rows: Int

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

  /// Asks for the next line; false where there is none.
  @inline(__always)
  mutating func fetchLine() -> Bool {
    if isEmpty { return false }
    kernel_prefetch(row + offset)
    skip(lines: 1)
    return true
  }

  /// Reads from all lines in the order in which they lie in memory, which the processor's own look-ahead follows: for rows
  /// that are read column by column afterwards.
  @inline(__always)
  mutating func readLines() {
    while !isEmpty { _ = forNextLines(atMost: .max) { kernel_read_line($0) } }
  }

  /// Calls `body` with the next lines, at most `most` and no farther than a row; returns how many these are.
  @inline(__always)
  mutating func forNextLines(atMost most: Int, _ body: (UnsafeRawPointer) -> Void) -> Int {
    if isEmpty { return 0 }
    let count = min(most, (rowBytes - offset + 63) / 64)
    let first = row + offset
    var line = 0
    while line < count {
      body(first + 64 * line)
      line += 1
    }
    skip(lines: count)
    return count
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
