import KernelIntrinsics

/// Brings the rows that are needed next into the second-level cache while the present ones are computed with.
///
/// Their first use would otherwise wait for a farther level line by line. The lines are asked for a few at a time, once
/// per register tile, so that they never fill the buffers that the tile's own misses need.
struct Prefetch {
  private var first: RowPrefetch
  private var second: RowPrefetch
  private let linesPerTile: Int

  /// - Parameter tiles: The number of register tiles over which to spread the lines.
  init(_ first: RowPrefetch, _ second: RowPrefetch, tiles: Int) {
    self.first = first
    self.second = second
    linesPerTile = (first.lines + second.lines + tiles - 1) / max(tiles, 1)
  }

  /// Asks for the next few lines.
  @inline(__always)
  mutating func fetch() {
    var remaining = linesPerTile
    while remaining > 0 {
      if !first.fetchLine() && !second.fetchLine() { return }
      remaining -= 1
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
    rowBytes = range.columns * size
    rows = operand.columnStride == 1 ? range.rows : 0
  }

  var lines: Int { rows * ((rowBytes + 63) / 64) }

  @inline(__always)
  mutating func fetchLine() -> Bool {
    forNextLine { kernel_prefetch($0) }
  }

  /// Reads from all lines in the order in which they lie in memory, which the processor's own look-ahead follows: for rows
  /// that are read column by column afterwards.
  @inline(__always)
  mutating func readLines() {
    while forNextLine({ kernel_read_line($0) }) {}
  }

  @inline(__always)
  private mutating func forNextLine(_ body: (UnsafeRawPointer) -> Void) -> Bool {
    if rows == 0 { return false }
    body(row + offset)
    offset += 64
    if offset >= rowBytes {
      offset = 0
      row += rowStride
      rows -= 1
    }
    return true
  }
}
