/// What a warp has to do with products of its warpgroup.
final class WarpProducts {
  /// For each row of the register file the group of products that uses it, zero for none.
  let inFlight: UnsafeMutablePointer<UInt32>
  /// The product that uses a row.
  let users: UnsafeMutablePointer<Int32>
  /// Whether a row in flight is an accumulator.
  let isAccumulator: UnsafeMutablePointer<Bool>
  /// When an instruction last used a row; times are counted from one.
  let uses: UnsafeMutablePointer<UInt32>
  /// When the warp last fenced its registers.
  var fence: UInt32 = 0
  var time: UInt32 = 1
  /// The rows in flight.
  var rows: [Row] = []
  /// The number of groups that were committed.
  var committed: UInt32 = 0
  /// Whether products were issued since the last commit.
  var hasOpen = false
  /// The number of products that were issued.
  var issued = 0
  /// How often the warp has asked for another number of registers.
  var registerChanges = 0
  /// The number of products up to the end of each committed group.
  var issuedAtCommit: [Int] = []

  init(rowCount: Int) {
    inFlight = .allocate(capacity: max(rowCount, 1))
    inFlight.initialize(repeating: 0, count: rowCount)
    users = .allocate(capacity: max(rowCount, 1))
    users.initialize(repeating: 0, count: rowCount)
    isAccumulator = .allocate(capacity: max(rowCount, 1))
    isAccumulator.initialize(repeating: false, count: rowCount)
    uses = .allocate(capacity: max(rowCount, 1))
    uses.initialize(repeating: 0, count: rowCount)
  }

  deinit {
    inFlight.deallocate()
    users.deallocate()
    isAccumulator.deallocate()
    uses.deallocate()
  }

  /// Whether products have not been waited for.
  var isPending: Bool { !rows.isEmpty || hasOpen }

  /// Ends groups up to a number.
  func finish(_ group: UInt32) {
    rows.removeAll { row in
      guard inFlight[Int(row)] <= group else { return false }
      inFlight[Int(row)] = 0
      return true
    }
  }
}

/// Four warps that multiply matrices together.
final class Warpgroup {
  /// Products that not all warps have issued, the oldest first.
  var waiting: [Product] = []
  /// The number of products that all warps have issued.
  var done = 0
  /// The numbers of registers that a warp has asked for, in order.
  var registerCounts: [Int32] = []

  struct Product {
    let operation: WarpgroupProductOperation
    let instruction: Int
    let group: UInt32
    let left: UInt64
    let right: UInt64
    let accumulates: Bool
    var warps = 0
    /// What all warps know.
    let clock: VectorClock?
  }
}
