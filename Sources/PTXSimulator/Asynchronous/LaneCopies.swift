/// A copy that a thread has begun and has to wait for.
final class ThreadCopy {
  /// The bytes in shared memory that it writes, or reads.
  let shared: [Range<Int>]
  /// What the granules that it uses are marked with.
  let mark: Epoch
  let instruction: Int
  /// Moves the bytes.
  private var move: (() -> Void)?

  init(shared: [Range<Int>], mark: Epoch, instruction: Int, move: @escaping () -> Void) {
    self.shared = shared
    self.mark = mark
    self.instruction = instruction
    self.move = move
  }

  /// Moves the bytes, once.
  func deliver() {
    guard let move else { return }
    self.move = nil
    move()
  }
}

/// The copies of a warp's lanes: `cp.async` into shared memory, and bulk copies out of it. Both are collected in groups
/// by each thread for itself.
final class LaneCopies {
  /// A thread's groups of one kind.
  struct Groups {
    var open: [ThreadCopy] = []
    /// The oldest first.
    var committed: [[ThreadCopy]] = []

    mutating func commit() {
      committed.append(open)
      open = []
    }

    /// Removes all but the newest groups.
    mutating func takeAll(but pending: Int) -> [ThreadCopy] {
      guard committed.count > pending else { return [] }
      let count = committed.count - pending
      defer { committed.removeFirst(count) }
      return committed[..<count].flatMap { $0 }
    }

    /// Removes all copies, committed or not.
    mutating func takeEverything() -> [ThreadCopy] {
      commit()
      return takeAll(but: 0)
    }

    var first: ThreadCopy? { committed.first { !$0.isEmpty }?.first ?? open.first }
  }

  var loads: [Groups] = Array(repeating: Groups(), count: 32)
  var stores: [Groups] = Array(repeating: Groups(), count: 32)
  private(set) var isUsed = false

  func note() { isUsed = true }

  /// Moves the bytes of all copies out of shared memory that are under way.
  func deliverStores() {
    guard isUsed else { return }
    for groups in stores {
      for copy in groups.committed.joined() { copy.deliver() }
      for copy in groups.open { copy.deliver() }
    }
  }

  /// Refuses the end of lanes that have not waited for copies.
  func checkEnd(_ lanes: UInt32) throws {
    guard isUsed else { return }
    try forEachLane(lanes) { lane in
      if let copy = loads[lane].first {
        throw Fault(
          .inFlight(since: copy.instruction), lane: lane, "the thread ends before its copy into shared memory does")
      }
      if let copy = stores[lane].first {
        throw Fault(
          .inFlight(since: copy.instruction), lane: lane, "the thread ends before its copy out of shared memory does")
      }
    }
  }
}

/// Something that happens when the schedule lets it.
struct OutstandingWork {
  enum Kind {
    /// A bulk copy that completes at a barrier.
    case bulkLoad(BulkLoad)
    /// An arrival once earlier copies of a thread have come.
    case arrival(barrier: Int, copies: [ThreadCopy], epoch: Epoch, told: VectorClock)
  }
  let kind: Kind
  let warp: Int
  let instruction: Int
}
