/// The keys of an item as four ranges that are walked through side by side.
///
/// One thread that reads one row after the other does not reach the bandwidth of the main memory, because the processor
/// looks ahead only so far in one stream of addresses. Four keep more of it busy, and a row of O is loaded and stored once
/// for a key of each; docs/performance.md says how far decoding still is from that bandwidth.
struct KeyStreams {
  /// The keys of one stream in a step: whole vectors on every instruction set.
  static var keysPerStep: Int { @inline(__always) get { 16 } }
  static var count: Int { @inline(__always) get { 4 } }
  /// The lanes of a step: those of stream 0, then those of stream 1, and so on.
  static var stepKeys: Int { @inline(__always) get { count * keysPerStep } }

  private let keys: BlockRange
  private let length: Int

  init(_ keys: BlockRange) {
    self.keys = keys
    let quarter = (keys.count + Self.count - 1) / Self.count
    length = (quarter + Self.keysPerStep - 1) / Self.keysPerStep * Self.keysPerStep
  }

  var steps: Int { length / Self.keysPerStep }

  /// The keys of one stream in one step; fewer than ``keysPerStep``, or none, where the keys end.
  @inline(__always)
  func keys(_ stream: Int, step: Int) -> BlockRange {
    let start = keys.start + stream * length + step * Self.keysPerStep
    return BlockRange(start: start, end: start + Self.keysPerStep).intersection(keys)
  }
}

/// The rows of one step: where each stream's begin, and how many there are.
struct StreamRows {
  var starts: InlineArray<4, UnsafeRawPointer>
  var counts: InlineArray<4, Int> = [0, 0, 0, 0]

  /// - Parameter address: The address of the first of some keys' rows.
  @inline(__always)
  init(_ streams: KeyStreams, _ step: Int, _ address: (BlockRange) -> UnsafeRawPointer) {
    // Stream 0 is the longest; where another has no row, none is read.
    let first = address(streams.keys(0, step: step))
    starts = [first, first, first, first]
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      counts[stream] = keys.count
      if !keys.isEmpty { starts[stream] = address(keys) }
    }
  }
}
