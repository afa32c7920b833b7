import PTX

/// The forward pass by products of single warps, for compute capability 8.0 and everything after it.
///
/// A block of threads computes the rows of a tile, each warp 16 or 32 of them. Keys and values of a step each have one
/// place in shared memory: the values of a step arrive while its scores are computed, and the next keys while its
/// output is (Dao, *FlashAttention-2*, 2023, section 3).
struct WarpForward {
  let frame: ForwardFrame
  private let item: WorkItem
  private let keys: KeyRange
  private let thread: Value<U32>
  private let lane: Value<U32>
  /// The warp's first row of the tile.
  private let warpRow: Value<U32>
  private let query: SharedTile
  private let key: SharedTile
  private let value: SharedTile
  private let addends: ScoreAddends?
  /// Fragments of 16 rows of each warp.
  private let fragments: Int

  private var b: KernelBuilder { frame.b }
  private var kernel: ForwardKernel { frame.kernel }
  private var threads: Int { kernel.tile.threads }

  /// Where the tiles lie in shared memory, and the bytes of all.
  static func memory(_ kernel: ForwardKernel) -> (query: Int, key: Int, value: Int, addends: Int, byteCount: Int) {
    var layout = SharedLayout()
    let places = tiles(kernel).map { layout.reserve(bytes: $0.byteCount, alignment: $0.swizzle.period) }
    let addends = layout.reserve(bytes: ScoreAddends.byteCount(kernel))
    return (places[0], places[1], places[2], addends, layout.byteCount)
  }

  private static func tiles(_ kernel: ForwardKernel) -> [PanelLayout] {
    [
      PanelLayout(rows: kernel.tile.rows, dimension: kernel.headDimension),
      PanelLayout(rows: kernel.tile.keys, dimension: kernel.headDimension),
      PanelLayout(rows: kernel.tile.keys, dimension: kernel.valueDimension),
    ]
  }

  init(_ b: KernelBuilder, _ kernel: ForwardKernel, fragments: Int) {
    self.fragments = fragments
    frame = ForwardFrame(b, kernel)
    b.comment("which tile: \(kernel.tile.rows) rows, \(kernel.tile.keys) keys a step")
    item = WorkItem(frame, index: b.blockIndex())
    keys = KeyRange(frame, item)
    thread = b.threadIndex()
    lane = thread & 31
    warpRow = (thread >> 5) * (16 * fragments)
    let shared = b.sharedMemory()
    let memory = Self.memory(kernel)
    let tiles = Self.tiles(kernel)
    query = SharedTile(layout: tiles[0], start: shared + memory.query)
    key = SharedTile(layout: tiles[1], start: shared + memory.key)
    value = SharedTile(layout: tiles[2], start: shared + memory.value)
    addends = ScoreAddends(
      frame, item, at: shared + memory.addends, rowCount: 16 * fragments, warpRow: warpRow, lane: lane)
  }

  func write() {
    let rows = (0..<(2 * fragments)).map {
      TileRow(frame, item, row: warpRow + (lane >> 2) + Fragments.place(ofRow: $0))
    }
    let rules = ScoreRules(frame, rows: rows, addends: addends, lane: lane)
    let softmax = OnlineSoftmax(b, rows: 2 * fragments, factor: rules.remainingFactor)
    let output = Fragments(b, rowFragments: fragments, columns: value.layout.columns)
    output.clear()

    copyQueries()
    let keyCopy = SequenceCopy(
      frame, item, key, of: .key, dimension: kernel.headDimension, threads: threads, thread: thread)
    let valueCopy = SequenceCopy(
      frame, item, value, of: .value, dimension: kernel.valueDimension, threads: threads, thread: thread)
    let products = WarpProducts(frame, query: query, key: key, value: value, lane: lane, warpRow: warpRow)

    let block = b.variable(keys.first)
    b.branch(if: block.value .< keys.end) { keyCopy.copy(firstKey: block.value * kernel.tile.keys) }
    var queries: [[[Value<B32>]]]?
    if keepsQueries {
      b.comment("queries, which stay in registers")
      waitForCopies()
      b.synchronizeBlock()
      queries = products.loadQueries(rowFragments: fragments)
    }
    b.repeatWhile({ block.value .< keys.end }) {
      b.section(ForwardSection.step.rawValue) {
        let firstKey = block.value * kernel.tile.keys
        b.comment("queries and keys are there; values come while scores are computed")
        waitForCopies()
        b.synchronizeBlock()
        valueCopy.copy(firstKey: firstKey)
        addends?.fill(firstKey: firstKey)
        let scores = Fragments(b, rowFragments: fragments, columns: kernel.tile.keys)
        products.multiplyQueriesAndKeys(scores, queries)
        b.comment("values are there; the next keys come while the output is computed")
        waitForCopies()
        b.synchronizeBlock()
        block.value = block.value + 1
        b.branch(if: block.value .< keys.end) { keyCopy.copy(firstKey: block.value * kernel.tile.keys) }
        b.comment("rules and softmax")
        rules.apply(to: scores, firstKey: firstKey, hidesSome: keys.hidesSome(ofBlockAt: firstKey))
        let corrections = softmax.step(scores)
        for (row, correction) in corrections.enumerated() {
          for (_, element) in output.row(row) { element.multiply(by: correction) }
        }
        b.comment("probabilities times values")
        products.addProbabilitiesTimesValues(scores, to: output)
      }
    }
    // The queries may still be on their way where there was no key at all.
    waitForCopies()
    let epilogue = ForwardEpilogue(frame: frame, item: item, rows: rows, lane: lane)
    let needCare = epilogue.finish(output, softmax)
    epilogue.store(
      output, CarefulRows(frame: frame, item: item, keys: keys, rules: rules, lane: lane, warpRow: warpRow),
      where: needCare)
    if kernel.keyParts == .merged {
      PartMerge(
        frame: frame, item: item, warp: b.broadcast(thread >> 5, fromLane: 0), lane: lane,
        // All warps have done with the queries when it is written.
        slot: query.start, synchronize: b.synchronizeBlock
      ).run()
    }
  }

  /// Whether the warp's queries have room in registers. Read from shared memory in every step, they take a tenth of its
  /// time.
  private var keepsQueries: Bool { fragments == 1 && query.layout.columns <= 128 }

  /// Waits for what the thread copies asynchronously, which elements one by one are not.
  private func waitForCopies() {
    if case .chunks = kernel.access { b.waitForAllCopies() }
  }

  private func copyQueries() {
    b.comment("queries")
    let copy = RowCopy(
      frame, query, of: .query, dimension: kernel.headDimension, threads: threads, thread: thread)
    copy.copy { place in
      let row = TileRow(frame, item, row: place)
      return (row.address(.query, frame, item), row.isPresent)
    }
  }
}

/// Copies blocks of keys or values.
private struct SequenceCopy {
  let copy: RowCopy
  let frame: ForwardFrame
  private let start: Pointer<Global>
  private let rowStride: Value<U64>

  init(
    _ frame: ForwardFrame, _ item: WorkItem, _ tile: SharedTile, of operand: ForwardParameter.Operand, dimension: Int,
    threads: Int, thread: Value<U32>
  ) {
    self.frame = frame
    copy = RowCopy(frame, tile, of: operand, dimension: dimension, threads: threads, thread: thread)
    rowStride = frame.stride(operand, .row)
    start = frame.plane(operand, batch: item.batch, head: item.keyHead)
  }

  /// Copies the block that begins at `firstKey`.
  func copy(firstKey: Value<S32>) {
    copy.copy { place in
      let row = firstKey.bits(as: U32.self) + place
      return (start + row.widened * rowStride, row.bits(as: S32.self) .< frame.keyLength)
    }
  }
}
