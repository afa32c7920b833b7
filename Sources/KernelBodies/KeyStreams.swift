import KernelIntrinsics

/// The keys of an item as four ranges that are walked through side by side.
///
/// One thread that reads one row after the other does not reach the bandwidth of the main memory, because the processor
/// looks ahead only so far in one stream of addresses. Four keep more of it busy, and a row of O is loaded and stored
/// once for a key of each; docs/performance.md says how far decoding still is from that bandwidth.
struct KeyStreams {
  static var count: Int { @inline(__always) get { 4 } }

  /// The most scores of a step, for vectors of so many lanes: 17 KiB, and 33 KiB with AVX-512, whose processors mostly
  /// have first-level caches of 48 KiB. With the 32 KiB of Zen 4 they are as fast as half as many.
  ///
  /// Parts of a cache often have 1056 or 2112 keys, which are 1024 or 2048 in whole blocks of 96: with four rows these
  /// are one step or two.
  @inline(__always)
  static func scoresPerStep(lanes: Int) -> Int { lanes == 16 ? 8448 : 4352 }

  /// The most keys of one stream in a step of any number of rows.
  static var mostKeysPerStep: Int { @inline(__always) get { 1024 } }

  /// The most keys of one stream in a step of `rows` rows.
  ///
  /// Each step reads keys and then values, and at every change between them the look-ahead into main memory begins
  /// anew: 512 keys instead of 128 for four rows made decoding 4 to 6 % faster on Zen 5.
  @inline(__always)
  static func keysPerStep(rows: Int) -> Int {
    min(scoresPerStep(lanes: laneCount) / (count * rows * granularity) * granularity, mostKeysPerStep)
  }

  /// What numbers of keys are rounded to so that they fill four vectors for every group of rows and on every
  /// instruction set.
  private static var granularity: Int { @inline(__always) get { 16 } }

  private let keys: BlockRange
  private let length: Int
  private let keysPerStep: Int
  let steps: Int

  /// - Parameter most: The most keys of one stream in a step. Steps are about equally long: a last one of a few keys
  ///   would begin the look-ahead anew for these.
  init(_ keys: BlockRange, keysPerStep most: Int) {
    self.keys = keys
    length = (keys.count + Self.count - 1) / Self.count
    steps = (length + most - 1) / most
    // No more than the most, which is a multiple of the granularity.
    let share = max(steps, 1) * Self.granularity
    keysPerStep = (length + share - 1) / share * Self.granularity
  }

  /// The keys of the longest stream in one step, rounded up to the granularity.
  @inline(__always)
  func paddedKeys(step: Int) -> Int {
    (keys(0, step: step).count + Self.granularity - 1) / Self.granularity * Self.granularity
  }

  /// The keys of one stream in one step; fewer than ``keysPerStep``, or none, where the stream or all keys end.
  @inline(__always)
  func keys(_ stream: Int, step: Int) -> BlockRange {
    let offset = step * keysPerStep
    let start = keys.start + stream * length + offset
    return BlockRange(start: start, end: start + min(keysPerStep, length - offset)).intersection(keys)
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

  /// The rows of the keys from one on, as far as the same streams have them.
  ///
  /// - Parameter missing: A row that stands for those of streams that have none.
  @inline(__always)
  func segment(from key: Int, stride: Int, missing: UnsafeRawPointer) -> StreamSegment {
    var segment = StreamSegment(rows: [missing, missing, missing, missing], keys: counts[0] - key)
    for stream in 0..<KeyStreams.count where key < counts[stream] {
      segment.rows[stream] = starts[stream] + key * stride
      segment.strides[stream] = stride
      segment.keys = min(segment.keys, counts[stream] - key)
    }
    return segment
  }
}

/// Rows of four streams side by side: the first of each, how far it is to the next, and how many there are.
struct StreamSegment {
  var rows: InlineArray<4, UnsafeRawPointer>
  /// In bytes; 0 where one row stands for all of a stream's.
  var strides: InlineArray<4, Int> = [0, 0, 0, 0]
  var keys: Int

  @inline(__always)
  mutating func advance() {
    for stream in 0..<KeyStreams.count { rows[stream] += strides[stream] }
  }
}

/// The size of a cache line, in bytes.
private var lineSize: Int { @inline(__always) get { 64 } }

/// Asks for the first rows of four streams before any of them is read, line by line and side by side.
struct StreamStarts {
  private var rows: InlineArray<4, UnsafeRawPointer>
  private let stride: Int
  private let rowBytes: Int
  private var offset = 0

  /// Nothing that is not in a cache already.
  static func none(_ row: UnsafeRawPointer) -> StreamStarts {
    StreamStarts(rows: [row, row, row, row], stride: 0, rowBytes: 1)
  }

  @inline(__always)
  private init(rows: InlineArray<4, UnsafeRawPointer>, stride: Int, rowBytes: Int) {
    self.rows = rows
    self.stride = stride
    self.rowBytes = rowBytes
  }

  @inline(__always)
  init<Rows: RowTerms>(_ rows: StreamRows, of operand: KernelOperand, columns: Int, _ terms: Rows.Type) {
    self.init(
      rows: rows.starts, stride: operand.rowStride * Rows.elementSize, rowBytes: columns * Rows.elementSize)
  }

  /// Asks for the next line of each stream.
  @inline(__always)
  mutating func fetch() {
    for stream in 0..<KeyStreams.count { kernel_prefetch(rows[stream] + offset) }
    offset += lineSize
    if offset >= rowBytes {
      offset = 0
      for stream in 0..<KeyStreams.count { rows[stream] += stride }
    }
  }

  /// Asks for about so many bytes of each stream, in whole rows.
  mutating func fetch(bytes: Int) {
    let lines = wholeRows(in: bytes, of: rowBytes) * ((rowBytes + lineSize - 1) / lineSize)
    for _ in 0..<lines { fetch() }
  }
}

/// How many whole rows of `rowBytes` lie in `bytes`; at least one.
private func wholeRows(in bytes: Int, of rowBytes: Int) -> Int { max(1, bytes / rowBytes) }

/// Asks for the rows of a stream a little before they are read.
struct StreamPrefetch<Rows: RowTerms, Ahead: LookAhead> {
  /// From one row to the next, in bytes.
  let stride: Int
  private let distance: Int
  private let nearDistance: Int

  @inline(__always)
  init(_ operand: KernelOperand, columns: Int) {
    stride = operand.rowStride * Rows.elementSize
    let rowBytes = columns * Rows.elementSize
    distance = stride * wholeRows(in: Ahead.bytes, of: rowBytes)
    nearDistance = stride * wholeRows(in: Ahead.nearBytes(Rows.self), of: rowBytes)
  }

  /// Asks for the lines of the chunk of 2 · ``laneCount`` elements that lies as far ahead of one of this column.
  @inline(__always)
  func fetchChunk(after address: UnsafeRawPointer, _ column: Int) {
    if Rows.chunkSize < lineSize {
      if (column * Rows.elementSize) % lineSize == 0 { fetchLine(after: address) }
    } else {
      var offset = 0
      while offset < Rows.chunkSize {
        fetchLine(after: address + offset)
        offset += lineSize
      }
    }
  }

  @inline(__always)
  private func fetchLine(after address: UnsafeRawPointer) {
    Ahead.fetch(address + distance)
    if Ahead.nearBytes(Rows.self) > 0 { kernel_prefetch_near(address + nearDistance) }
  }
}

/// How far ahead ``StreamPrefetch`` asks for lines, and in which cache. Types, because a test for each line would cost
/// rows in a cache a twentieth of their speed.
///
/// Far enough to hide the latency of the main memory, and near enough that the end of a step's rows asks for little but
/// the beginning of the next step's.
protocol LookAhead {
  /// About how far, in bytes.
  static var bytes: Int { get }
  /// Asks for a line.
  static func fetch(_ address: UnsafeRawPointer)
  /// How far lines are asked for as well in the first-level cache, in bytes; 0 where not.
  static func nearBytes<Rows: RowTerms>(_ rows: Rows.Type) -> Int
}

/// In the second-level cache, where ``KernelProblem/fetchesIntoLevel1`` is false.
///
/// Lines on their way to the first-level cache occupy buffers that loads need as well. Measured on Zen 3 and on Zen 4,
/// where rows of 16-bit types, which take longer to compute with, want the next ones brought nearer: bf16 from main
/// memory is up to 1.1 times as fast with that.
enum SecondLevelLookAhead: LookAhead {
  static var bytes: Int { @inline(__always) get { 1024 } }

  @inline(__always)
  static func fetch(_ address: UnsafeRawPointer) { kernel_prefetch(address) }

  @inline(__always)
  static func nearBytes<Rows: RowTerms>(_ rows: Rows.Type) -> Int {
    #if ISA_AVX512
      return Rows.elementSize < MemoryLayout<Float>.size ? 256 : 0
    #else
      return 0
    #endif
  }
}

#if ISA_AVX512
  /// In the first-level cache, where ``KernelProblem/fetchesIntoLevel1`` is true. Measured on Zen 5.
  enum FirstLevelLookAhead: LookAhead {
    static var bytes: Int { @inline(__always) get { 2048 } }

    @inline(__always)
    static func fetch(_ address: UnsafeRawPointer) { kernel_prefetch_near(address) }

    @inline(__always)
    static func nearBytes<Rows: RowTerms>(_ rows: Rows.Type) -> Int { 0 }
  }
#endif

extension KernelProblem {
  /// How far ahead rows are asked for that are read once, in bytes.
  var lookAheadBytes: Int {
    #if ISA_AVX512
      if fetchesIntoLevel1 { return FirstLevelLookAhead.bytes }
    #endif
    return SecondLevelLookAhead.bytes
  }
}
