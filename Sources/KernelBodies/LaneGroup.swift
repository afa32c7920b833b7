import KernelIntrinsics

/// The rows of an operand that lie in the lanes of a tile.
///
/// A tile is ``width`` lanes wide. Its lanes are consecutive rows of the list (head 0, row 0), (head 0, row 1), …,
/// (head 1, row 0), …: with one head simply consecutive rows, with several the queries of all heads that share one
/// key/value head, so that short queries fill a tile together.
struct LaneGroup {
  var batch: Int
  var firstHead: Int
  var firstRow: Int
  var rowsPerHead: Int
  /// The position of lane 0 in the list of rows.
  var start: Int
  /// The number of lanes in use.
  var count: Int

  /// The width of a lane group: three vectors, the width of the main register tile.
  static var width: Int {
    @inline(__always) get { 3 * laneCount }
  }

  /// The memory of a group whose lanes hold rows as sums, in fp32 numbers. There is room for whole tiles of the matrix
  /// unit.
  ///
  /// - Parameters:
  ///   - columns: The numbers of a row.
  ///   - width: The lanes of a group.
  @inline(__always)
  static func memory(columns: Int, width: Int = width) -> Int { paddedColumns(columns, lanes: 16) * width }

  /// The number of vectors that hold the lanes in use.
  var vectors: Int {
    @inline(__always) get { (count + laneCount - 1) / laneCount }
  }

  @inline(__always)
  func head(_ lane: Int) -> Int { firstHead + (start + lane) / rowsPerHead }

  @inline(__always)
  func row(_ lane: Int) -> Int { firstRow + (start + lane) % rowsPerHead }

  /// Calls `body` with each lane in use, its head and its row, without a division for each.
  @inline(__always)
  func forEachLane(_ body: (_ lane: Int, _ head: Int, _ row: Int) -> Void) {
    var head = head(0)
    var row = row(0)
    var lane = 0
    while lane < count {
      body(lane, head, row)
      lane += 1
      row += 1
      if row == firstRow + rowsPerHead {
        row = firstRow
        head += 1
      }
    }
  }

  /// The offsets of the rows in the lanes of one vector, in elements; those of unused lanes mean nothing.
  @inline(__always)
  func offsets(_ vector: Int, in operand: KernelOperand) -> InlineArray<16, Int> {
    var offsets: InlineArray<16, Int> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let first = vector * laneCount
    var head = head(first)
    var row = row(first)
    for lane in 0..<laneCount {
      offsets[lane] = operand.offset(batch: batch, head: head, row: row)
      row += 1
      if row == firstRow + rowsPerHead {
        row = firstRow
        head += 1
      }
    }
    return offsets
  }

  /// The rows in the lanes of one vector, where they are rows of one head, or of heads that follow each other without a
  /// gap, and hold neighbouring elements; nil elsewhere.
  @inline(__always)
  func evenRows(_ vector: Int, in operand: KernelOperand) -> EvenRows? {
    let first = vector * laneCount
    let used = min(laneCount, count - first)
    let isEven =
      row(first) + used <= firstRow + rowsPerHead || operand.headStride == rowsPerHead * operand.rowStride
    if operand.columnStride != 1 || !isEven { return nil }
    return EvenRows(offset: operand.offset(batch: batch, head: head(first), row: row(first)), count: used)
  }

  /// The smallest row in the group.
  var lowestRow: Int {
    spansHeads ? firstRow : row(0)
  }

  /// The largest row in the group.
  var highestRow: Int {
    spansHeads ? firstRow + rowsPerHead - 1 : row(count - 1)
  }

  /// Whether the lanes are rows of several heads.
  var spansHeads: Bool { start / rowsPerHead != (start + count - 1) / rowsPerHead }
}

/// Rows that are the operand's row stride apart: the offset of the first, and how many there are, at most a vector's
/// lanes.
struct EvenRows {
  let offset: Int
  let count: Int
}

/// How the rows of an item are dealt out to lane groups.
///
/// All groups but the last are full, except that the last does not remain with a single vector: a register tile of one
/// vector wants a scalar for every multiply-add, so that the last two groups then share their four vectors evenly.
struct LaneGroups {
  /// The number of rows.
  let rows: Int
  /// Whether the last two groups share their vectors where one would remain alone.
  var sharesTail = true

  private var vectors: Int { (rows + laneCount - 1) / laneCount }
  private var hasEvenTail: Bool { sharesTail && vectors % 3 == 1 && vectors > 3 }

  var count: Int { (rows + LaneGroup.width - 1) / LaneGroup.width }

  /// The first row of a group; of the one after the last, the number of rows.
  @inline(__always)
  func start(of group: Int) -> Int {
    if group == count { return rows }
    return hasEvenTail && group == count - 1 ? (3 * group - 1) * laneCount : group * LaneGroup.width
  }

  /// The group that a row belongs to.
  @inline(__always)
  func group(holding row: Int) -> Int {
    hasEvenTail && row >= start(of: count - 1) ? count - 1 : row / LaneGroup.width
  }
}
