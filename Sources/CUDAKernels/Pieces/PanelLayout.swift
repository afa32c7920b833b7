import PTX

/// A tile of rows of 16-bit elements in shared memory: panels of 64 or 32 columns, one after the other, whose rows are
/// swizzled over their whole width, so that eight rows of any 16-byte chunk lie in different banks.
///
/// Columns beyond the tensor's dimension are zeros up to a multiple of 32.
struct PanelLayout {
  let rows: Int
  /// Columns, a multiple of ``panelColumns``.
  let columns: Int
  let panelColumns: Int

  /// - Parameter neighbour: The dimension of a tile that is to have panels of the same width.
  init(rows: Int, dimension: Int, likeTileOf neighbour: Int? = nil) {
    func padded(_ dimension: Int) -> Int { (dimension + 31) / 32 * 32 }
    self.rows = rows
    columns = padded(dimension)
    panelColumns = [dimension, neighbour ?? dimension].allSatisfy { padded($0) % 64 == 0 } ? 64 : 32
  }

  var panels: Int { columns / panelColumns }
  var rowBytes: Int { panelColumns * 2 }
  var panelBytes: Int { rows * rowBytes }
  var byteCount: Int { panels * panelBytes }
  var swizzle: Swizzle { panelColumns == 64 ? .bytes128 : .bytes64 }

  /// 16-byte chunks of a row of a panel.
  var chunksPerRow: Int { rowBytes / 16 }

  /// Where column `column` of row 0 of its panel lies, before the swizzle.
  func offset(ofColumn column: Int) -> (panel: Int, bytes: Int) {
    (column / panelColumns * panelBytes, column % panelColumns * 2)
  }
}

/// A tile in the shared memory of a block of threads.
struct SharedTile {
  let layout: PanelLayout
  let start: Pointer<Shared>

  /// Where one element lies.
  func element(row: Value<U32>, column: Value<U32>) -> Pointer<Shared> {
    start + column / layout.panelColumns * layout.panelBytes
      + layout.swizzle.place(of: row * layout.rowBytes + column % layout.panelColumns * 2)
  }
}

/// The addresses with which one lane loads fragments of 16 × 16 elements of a tile by `ldmatrix`.
///
/// Lane l addresses row l mod 16 of the fragment and its first or second eight columns. All fragments whose rows differ
/// by a multiple of the swizzle's period need one address register for each of the two chunks that a pair of columns
/// can take; the rest is a constant.
struct FragmentAddresses {
  let tile: SharedTile
  /// For every 16 columns of a panel, the address at row 0 and panel 0.
  private let columns: [Pointer<Shared>]

  /// - Parameter firstRow: A multiple of 16.
  init(_ tile: SharedTile, lane: Value<U32>, firstRow: Value<U32> = 0) {
    self.tile = tile
    let layout = tile.layout
    let row = lane & 15
    let start = (firstRow + row) * layout.rowBytes
    columns = stride(from: 0, to: layout.panelColumns, by: 16).map { column in
      tile.start + layout.swizzle.place(of: start + ((lane >> 4) * 16 + column * 2))
    }
  }

  /// The address for the fragment that begins at `row`, a multiple of 16, and `column`, one of 16.
  func fragment(row: Int, column: Int) -> Pointer<Shared> {
    let layout = tile.layout
    return columns[column % layout.panelColumns / 16]
      + (column / layout.panelColumns * layout.panelBytes + row * layout.rowBytes)
  }
}
