import KernelIntrinsics

/// The forward pass over few rows, as in decoding: the *dimension* lies in the lanes.
///
/// With one query of a few heads most lanes of a tile of queries would be empty, and each scalar of K and V would be
/// broadcast for them. Here rows of K and V are read as vectors, once each and straight from their element type:
///
///     for each step of the keys, so many of each of four streams
///       S[r, k] = Q_r · K_k
///       m' = max(m, max S);  P = 2^(S − m');  ℓ = 2^(m − m') ℓ + Σ P
///       O_r = 2^(m − m') O_r + Σ_k P[r, k] V_k
///
/// ``RowTerms`` says how rows enter products, and in which order the columns of O are kept.
struct ShortQueryPass<Rows: RowTerms> {
  let problem: KernelProblem
  let item: ForwardItem
  let layout: ShortQueryWorkspace
  let memory: UnsafeMutableRawPointer
  /// The most keys of one stream in a step.
  let keysPerStep: Int

  init(
    problem: KernelProblem, item: ForwardItem, layout: ShortQueryWorkspace, memory: UnsafeMutableRawPointer
  ) {
    self.problem = problem
    self.item = item
    self.layout = layout
    self.memory = memory
    keysPerStep = KeyStreams.keysPerStep(rows: RowGroup.paddedRows(item.heads * item.queries))
  }

  /// The lanes of a step: those of stream 0, then those of stream 1, and so on.
  var stepKeys: Int { KeyStreams.count * keysPerStep }

  var rows: Int { item.heads * item.queries }
  var keyValueHead: Int { problem.keyValueHead(of: item) }
  var queryRange: BlockRange { item.queryRange }

  /// Whether the rows are the last of a longer item, which has just read all K and V.
  var isTail: Bool { item.queries < problem.queryLength }

  func run() {
    let keys = problem.keys(of: item)
    attend(to: keys, searchingValues: false)
    // A value that is not finite has made all rows so, whatever the weights.
    if isMasked(keys) && !isOutputFinite { attend(to: keys, searchingValues: true) }
    finish()
  }

  func isMasked(_ keys: BlockRange) -> Bool { problem.isMasked(queries: queryRange, keys: keys) }

  /// - Parameter searchingValues: Whether to look for infinite and NaN values that are forbidden to some row, which
  ///   takes as much reading as all products with values. See NonFinite.swift.
  private func attend(to keys: BlockRange, searchingValues: Bool) {
    prepare()
    let streams = KeyStreams(keys, keysPerStep: keysPerStep)
    var step = 0
    while step < streams.steps {
      advance(streams, step, searchingValues: searchingValues)
      step += 1
    }
  }

  private func prepare() {
    // Zeros behind the end of a query meet those behind the ends of keys. The queries of rows that the last group lacks
    // are zeros as well, and nobody reads what becomes of them.
    let paddedRows = RowGroup.paddedRows(rows)
    query(0).update(repeating: 0, count: paddedRows * queryStride)
    output(0).update(repeating: 0, count: paddedRows * outputStride)
    var row = 0
    while row < rows {
      let source = problem.query.offset(
        batch: item.batch, head: item.firstHead + row / item.queries, row: item.firstQuery + row % item.queries)
      Rows.store(
        query: problem.query, at: source, columns: problem.headDimension,
        factor: Rows.Terms.scoreFactors(problem).packed, into: query(row))
      row += 1
    }
    maxima.update(repeating: -.infinity, count: paddedRows)
    sums.update(repeating: 0, count: paddedRows)
    memory.floats(at: layout.zeroRow)
      .update(repeating: 0, count: max(problem.headDimension, problem.valueDimension))
    let keys = item.keyRange
    if problem.permitsAll(queries: queryRange, keys: keys) { return }
    let lanes = paddedColumns(min(keysPerStep, keys.count))
    var lane = 0
    while lane < lanes {
      positions[lane] = Int32(truncatingIfNeeded: lane)
      lane += 1
    }
  }

  private func advance(_ streams: KeyStreams, _ step: Int, searchingValues: Bool) {
    computeScores(streams, step)
    let paddedKeys = streams.paddedKeys(step: step)
    if problem.softcap > 0 { applySoftcap(keys: paddedKeys) }
    let isCareful = maskScores(streams, step, searchingValues: searchingValues)
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      if keys.count < paddedKeys { forbidMissingKeys(stream, from: keys.count, to: paddedKeys) }
    }
    updateSoftmax(keys: paddedKeys, valueStarts(streams, step))
    if isCareful {
      addValuesCarefully(streams, step)
    } else {
      addValues(streams, step, isCareful: false)
    }
  }

  /// What is read first after the softmax of a step. The values of a tail are in a cache.
  private func valueStarts(_ streams: KeyStreams, _ step: Int) -> StreamStarts {
    if isTail { return .none(zeroRow) }
    let rows = StreamRows(streams, step) { address(valueRows($0), in: problem.value) }
    return StreamStarts(rows, of: problem.value, columns: problem.valueDimension, Rows.self)
  }

  /// Asks for the rows that the next part reads before those that it asks for itself.
  private func fetchFirstKeysOfNextItem() {
    // Other items are ``ForwardPass``'s, which has asked for theirs where this is a tail.
    guard item.partialRows != nil, let next = item.next?.pointee, problem.isShort(next) else { return }
    let pass = ShortQueryPass(problem: problem, item: next, layout: layout, memory: memory)
    let rows = StreamRows(KeyStreams(problem.keys(of: next), keysPerStep: pass.keysPerStep), 0) {
      pass.address(pass.keyRows($0), in: problem.key)
    }
    var starts = StreamStarts(rows, of: problem.key, columns: problem.headDimension, Rows.self)
    // What the look-ahead comes too late for.
    starts.fetch(bytes: problem.lookAheadBytes)
  }

  /// Whether no element of O is infinite or NaN.
  private var isOutputFinite: Bool {
    var greatest = VectorIndices.zero
    var element = 0
    while element < rows * outputStride {
      greatest = greatest.maximum(Vector(at: output(0) + element).magnitudeBits)
      element += laneCount
    }
    return greatest.areFiniteMagnitudes
  }

  private func finish() {
    fetchFirstKeysOfNextItem()
    var row = 0
    while row < rows {
      if let partialRows = item.partialRows {
        let partial = PartialRows(base: partialRows, problem)
        var column = 0
        while column < problem.valueDimension {
          partial.output(row)[column] = output(row)[Rows.place(ofColumn: column)]
          column += 1
        }
        partial.setState(row, maximum: maxima[row], sum: sums[row])
      } else {
        store(row)
      }
      row += 1
    }
  }

  private func store(_ row: Int) {
    let head = item.firstHead + row / item.queries
    let query = item.firstQuery + row % item.queries
    let target = problem.output.offset(batch: item.batch, head: head, row: query)
    // A row without a permitted key gives zeros.
    let reciprocal = sums[row] == 0 ? 0 : 1 / sums[row]
    var column = 0
    while column < problem.valueDimension {
      var vector = Vector.zeros
      for lane in 0..<laneCount where column + lane < problem.valueDimension {
        vector[lane] = output(row)[Rows.place(ofColumn: column + lane)]
      }
      problem.output.store(
        vector * reciprocal, at: target + column * problem.output.columnStride,
        count: problem.valueDimension - column)
      column += laneCount
    }
    let index = (item.batch * problem.queryHeads + head) * problem.queryLength + query
    problem.logSumExp.unsafelyUnwrapped[index] = kernel_log_sum_exp(maxima[row], sums[row])
  }
}

extension KernelProblem {
  /// Whether the rows of an item are so few, and the keys so many, that ``ShortQueryPass`` serves it.
  ///
  /// Only items with all queries of their heads: the few rows at the end of a long sequence may belong to a larger item
  /// where there are fewer threads, and their bits may not depend on that.
  func isShort(_ item: ForwardItem) -> Bool {
    #if ISA_AVX512BF16
      let pairs = isBrainFloat
    #else
      let pairs = false
    #endif
    return item.queries == queryLength && mayBeShort
      && keyLength >= kernel_fewest_keys_of_few_rows(item.heads * item.queries, laneCount, pairs)
  }

  /// The last queries of a head, where they would fill less than half a vector of an item's lanes; they are taken out
  /// of `item`, and ``ShortQueryPass`` serves them.
  ///
  /// Which queries these are depends on the problem alone, so that their bits do not depend on which queries share an
  /// item.
  func splitTail(of item: inout ForwardItem) -> ForwardItem? {
    let rows = queryLength % laneCount
    guard
      item.heads == 1 && item.firstQuery + item.queries == queryLength && queryLength > laneCount
        && rows > 0 && rows < laneCount / 2 && mayBeShort
    else { return nil }
    var tail = item
    tail.firstQuery = queryLength - rows
    tail.queries = rows
    item.queries -= rows
    if let partialRows = item.partialRows {
      tail.partialRows = PartialRows(base: partialRows, self).output(item.queries)
    }
    return tail
  }

  private var mayBeShort: Bool { kernel_can_go_by_rows(headDimension, valueDimension) }
}

// MARK: Copies

extension ShortQueryPass {
  /// Reduces a segment to its first key, and lets it stand for copies of that key's rows.
  ///
  /// - Parameter clearingNonFinite: Whether the copies have zeros in the place of infinite and NaN elements.
  @inline(never)
  func copyRows(
    of segment: inout StreamSegment, in operand: KernelOperand, columns: Int, clearingNonFinite: Bool
  ) {
    segment.keys = 1
    for stream in 0..<KeyStreams.count where segment.rows[stream] != zeroRow {
      let source = segment.rows[stream]
      let copy = memory + layout.rowCopies + stream * max(problem.headDimension, problem.valueDimension) * 4
      let first = (source - UnsafeRawPointer(operand.base.unsafelyUnwrapped)) / Rows.elementSize
      var column = 0
      while column < columns {
        let offset = column * operand.columnStride
        let isCleared = clearingNonFinite && !operand.scalar(at: first + offset).isFinite
        var byte = 0
        while byte < Rows.elementSize {
          let bits = isCleared ? 0 : source.load(fromByteOffset: offset * Rows.elementSize + byte, as: UInt8.self)
          copy.storeBytes(of: bits, toByteOffset: column * Rows.elementSize + byte, as: UInt8.self)
          byte += 1
        }
        column += 1
      }
      segment.rows[stream] = UnsafeRawPointer(copy)
    }
  }
}

// MARK: Places

extension ShortQueryPass {
  func query(_ row: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.queries) + row * queryStride
  }

  /// The distance of neighbouring queries: whole chunks.
  private var queryStride: Int { Rows.Terms.terms(wholeChunks(problem.headDimension)) }

  func output(_ row: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.outputs) + row * outputStride
  }

  /// The distance of neighbouring rows of O: whole chunks.
  var outputStride: Int { wholeChunks(problem.valueDimension) }

  var lastChunkCopied: LastChunkCopied { LastChunkCopied(copies: memory + layout.lastChunks) }

  var maxima: UnsafeMutablePointer<Float> { memory.floats(at: layout.maxima) }
  var sums: UnsafeMutablePointer<Float> { memory.floats(at: layout.sums) }

  /// Stands for a row of K or V where a stream has no key left.
  var zeroRow: UnsafeRawPointer { UnsafeRawPointer(memory.floats(at: layout.zeroRow)) }

  /// The position of each lane within its stream, where the positional mask forbids anything.
  var positions: UnsafeMutablePointer<Int32> {
    (memory + layout.positions).assumingMemoryBound(to: Int32.self)
  }

  func keyRows(_ keys: BlockRange) -> OperandRange {
    problem.keyRange(keys, batch: item.batch, head: keyValueHead)
  }

  func valueRows(_ keys: BlockRange) -> OperandRange {
    problem.valueRange(keys, batch: item.batch, head: keyValueHead)
  }

  func address(_ range: OperandRange, in operand: KernelOperand) -> UnsafeRawPointer {
    UnsafeRawPointer(operand.base.unsafelyUnwrapped) + range.offset(in: operand) * Rows.elementSize
  }
}
