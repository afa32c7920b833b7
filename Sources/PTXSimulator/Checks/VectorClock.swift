/// What a thread knows has happened: for every component the time up to which its accesses are ordered before what the
/// thread does next (happens-before, PTX ISA, section 8.9.4, "Base causality order").
///
/// Every time is kept twice: `known` for accesses by the generic proxy, and `fenced` for those of them that a proxy
/// fence on the way has also ordered before asynchronous operations.
struct VectorClock {
  /// `known` for all components, and `fenced` behind it.
  let times: UnsafeMutablePointer<UInt32>
  let componentCount: Int
  private let reference: Unmanaged<ForeignTimes>

  init(componentCount: Int) {
    self.componentCount = componentCount
    times = .allocate(capacity: 2 * componentCount)
    times.initialize(repeating: 0, count: 2 * componentCount)
    reference = .passRetained(ForeignTimes())
  }

  func deallocate() {
    times.deallocate()
    reference.release()
  }

  /// What is known of other blocks.
  var foreign: ForeignTimes { reference.takeUnretainedValue() }

  var fenced: UnsafeMutablePointer<UInt32> { times + componentCount }

  func copy(from other: VectorClock) {
    times.update(from: other.times, count: 2 * componentCount)
    foreign.times = other.foreign.times
  }

  /// Adds what another clock knows.
  func join(_ other: VectorClock) {
    let (a, b) = (times, other.times)
    for index in 0..<(2 * componentCount) { a[index] = max(a[index], b[index]) }
    if !other.foreign.times.isEmpty { foreign.join(other.foreign) }
  }

  /// Keeps what both clocks know of their own block.
  func meet(_ other: VectorClock) {
    let (a, b) = (times, other.times)
    for index in 0..<(2 * componentCount) { a[index] = min(a[index], b[index]) }
  }

  func clear() {
    times.update(repeating: 0, count: 2 * componentCount)
    if !foreign.times.isEmpty { foreign.times = [:] }
  }
}

/// The times of blocks, by their numbers: what one block knows of others, or what is left at a place in global memory.
final class ForeignTimes {
  var times: [Int: [UInt32]] = [:]

  /// Adds what is known of a block.
  func join(_ block: Int, _ other: UnsafeBufferPointer<UInt32>) {
    guard times[block] != nil else {
      times[block] = Array(other)
      return
    }
    times[block]?.withUnsafeMutableBufferPointer { mine in
      for index in mine.indices { mine[index] = max(mine[index], other[index]) }
    }
  }

  /// - Parameter excluded: A block that is left out.
  func join(_ other: ForeignTimes, except excluded: Int? = nil) {
    for (block, theirs) in other.times where block != excluded { theirs.withUnsafeBufferPointer { join(block, $0) } }
  }
}

/// Which components the clocks of a block have.
struct ClockLayout {
  /// The threads of the block, whole warps.
  let threads: Int
  /// The number of places in shared memory that can be barriers in turn.
  static let barrierLimit = 128
  let warpgroups: Int

  var count: Int { threads + Self.barrierLimit + warpgroups }

  func barrier(_ index: Int) -> Int { threads + index }

  func warpgroup(_ index: Int) -> Int { threads + Self.barrierLimit + index }
}
