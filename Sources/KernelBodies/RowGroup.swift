/// One row or four of an item of few rows, whose scores are neighbours.
///
/// The scores of a key lie as [stream][row], those of the next key behind them. With four rows they fill one cache
/// line: while rows of V stream in from the main memory, a loop that reads its sixteen probabilities from as many lines
/// is slower.
struct RowGroup {
  /// The first row.
  let first: Int
  /// 1 or 4.
  let rows: Int
  let base: UnsafeMutablePointer<Float>

  /// The size of the group that begins where `remaining` rows are left: of four rows one or two may be missing.
  @inline(__always)
  static func size(remaining: Int) -> Int { remaining > 1 ? 4 : 1 }

  /// The rows of all groups of `rows` rows, with those that the last one lacks.
  @inline(__always)
  static func paddedRows(_ rows: Int) -> Int {
    let last = (rows - 1) / 4 * 4
    return last + size(remaining: rows - last)
  }

  @inline(__always)
  func scores(ofKey key: Int) -> UnsafeMutablePointer<Float> { base + key * rows * KeyStreams.count }
}

extension ShortQueryPass {
  /// The groups of all rows.
  @inline(__always)
  func forEachRowGroup(_ body: (RowGroup) -> Void) {
    var row = 0
    while row < rows {
      let group = RowGroup(
        first: row, rows: RowGroup.size(remaining: rows - row), base: memory.floats(at: layout.scores) + row * stepKeys)
      body(group)
      row += group.rows
    }
  }
}
