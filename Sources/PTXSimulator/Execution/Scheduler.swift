/// Decides which warp runs, for how long, and what happens in between.
struct Scheduler {
  private let schedule: Schedule
  private let delivery: Delivery
  private var state: UInt64
  private var last = -1

  init(_ options: LaunchOptions) {
    schedule = options.schedule
    delivery = options.delivery
    if case .random(let seed) = options.schedule { state = seed } else { state = 0x5eed }
  }

  /// A number below a bound (SplitMix64).
  private mutating func number(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((bits ^ (bits >> 31)) % UInt64(bound))
  }

  /// Which lanes go first where they part.
  mutating func takesBranchFirst() -> Bool {
    switch schedule {
    case .roundRobin, .greedyAscending: true
    case .greedyDescending: false
    case .random: number(below: 2) == 0
    }
  }

  /// Whether an asynchronous operation happens at once.
  mutating func deliversNow() -> Bool {
    switch delivery {
    case .late, .lateInOrder: false
    case .immediate: true
    case .random: number(below: 3) == 0
    }
  }

  /// Whether asynchronous operations happen between turns.
  var deliversBetweenTurns: Bool { delivery == .random }

  /// Which outstanding operation happens before the next turn, if any.
  mutating func delivery(of count: Int) -> Int? {
    guard delivery == .random, count > 0, number(below: 4) == 0 else { return nil }
    return number(below: count)
  }

  /// Which outstanding operation happens where nothing can go on without one. The newest is expected least.
  mutating func neededDelivery(of count: Int) -> Int {
    switch delivery {
    case .random: number(below: count)
    case .lateInOrder: 0
    case .late, .immediate: count - 1
    }
  }

  /// The warp that runs next; all are candidates that have not given way, or all others if there are none.
  mutating func next(_ warps: [Warp]) -> Warp? {
    if schedule == .roundRobin { return following(warps) }
    let ready = warps.indices.filter { warps[$0].isReady }
    guard !ready.isEmpty else { return nil }
    if case .random = schedule { return warps[ready[number(below: ready.count)]] }
    var candidates = ready.filter { !warps[$0].hasYielded }
    if candidates.isEmpty {
      for index in ready { warps[index].hasYielded = false }
      candidates = ready
    }
    return warps[schedule == .greedyAscending ? candidates[0] : candidates[candidates.count - 1]]
  }

  /// The next warp in turn that can run.
  private mutating func following(_ warps: [Warp]) -> Warp? {
    for distance in 1...max(warps.count, 1) {
      let index = (last + distance) % max(warps.count, 1)
      if index < warps.count && warps[index].isReady {
        last = index
        return warps[index]
      }
    }
    return nil
  }

  /// How many instructions it runs.
  mutating func turn() -> Int {
    switch schedule {
    case .roundRobin: 8
    case .greedyAscending, .greedyDescending: 20_000
    case .random: 1 + number(below: 32)
    }
  }
}
