import KernelIntrinsics

/// The most rows (query heads of one key/value head times queries) of an item that ``ShortQueryPass`` serves: half a
/// vector. With more rows, queries in the lanes waste less than the sums across lanes cost.
@inline(__always)
func shortQueryRows(lanes: Int) -> Int { lanes / 2 }

/// The forward pass over few rows, as in decoding: the *dimension* lies in the lanes.
///
/// With one query of a few heads most lanes of a tile of queries would be empty, and each scalar of K and V would be
/// broadcast for them. Here rows of K and V are read as vectors, once each and straight from their element type:
///
///     for each step of sixteen keys of each of four streams
///       S[r, k] = Q_r · K_k
///       m' = max(m, max S);  P = 2^(S − m');  ℓ = 2^(m − m') ℓ + Σ P
///       O_r = 2^(m − m') O_r + Σ_k P[r, k] V_k
///
/// Rows of Q and O are kept as halves of chunks; see ``ElementFormat/loadFirst(_:)``.
struct ShortQueryPass<Format: ElementFormat> {
  let problem: KernelProblem
  let item: ForwardItem
  let layout: ShortQueryWorkspace
  let memory: UnsafeMutableRawPointer

  var rows: Int { item.heads * item.queries }
  var keyValueHead: Int { item.firstHead / (problem.queryHeads / problem.keyValueHeads) }
  var queryRange: BlockRange { BlockRange(start: item.firstQuery, end: item.firstQuery + item.queries) }

  func run() {
    prepare()
    let streams = KeyStreams(problem.keys(seenBy: queryRange).intersection(item.keyRange))
    var step = 0
    while step < streams.steps {
      advance(streams, step)
      step += 1
    }
    finish()
  }

  private func prepare() {
    var row = 0
    while row < rows {
      let source = problem.query.offset(
        batch: item.batch, head: item.firstHead + row / item.queries, row: item.firstQuery + row % item.queries)
      var column = 0
      while column < problem.headDimension {
        query(row)[Format.place(ofColumn: column)] =
          problem.query.scalar(at: source + column * problem.query.columnStride) * problem.scoreFactor
        column += 1
      }
      output(row).update(repeating: 0, count: problem.valueDimension)
      maxima[row] = -.infinity
      sums[row] = 0
      row += 1
    }
    var lane = 0
    while lane < KeyStreams.keysPerStep {
      positions[lane] = Int32(truncatingIfNeeded: lane)
      lane += 1
    }
    memory.floats(at: layout.zeroRow)
      .update(repeating: 0, count: max(problem.headDimension, problem.valueDimension))
  }

  private func advance(_ streams: KeyStreams, _ step: Int) {
    computeScores(streams, step)
    var isCareful = false
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      if !keys.isEmpty {
        let isMasked = problem.hasElementwiseMask || !problem.permitsAll(queries: queryRange, keys: keys)
        if isMasked || problem.softcap > 0 { finishScores(keys, stream, isMasked: isMasked) }
        isCareful = isCareful || (isMasked && valueRows(keys).hasNonFinite(in: problem.value))
      }
      if keys.count < KeyStreams.keysPerStep { forbidMissingKeys(stream, keys: keys.count) }
    }
    updateSoftmax(keys: streams.keys(0, step: step).count)
    if isCareful {
      addValuesCarefully(streams, step)
    } else {
      addValues(streams, step, isCareful: false)
    }
  }

  /// S → P for one step: the update of ``OnlineSoftmax``, but with keys in the lanes.
  ///
  /// - Parameter keys: The keys of the longest stream; lanes beyond them are left out.
  private func updateSoftmax(keys: Int) {
    let columns = paddedColumns(keys)
    var row = 0
    while row < rows {
      let after = maximum(row, columns)
      // Where nothing is permitted yet the maximum is −∞, and −∞ − (−∞) is not a number; any finite value does.
      let reference = after == -.infinity ? 0 : after
      let correction = Vector(repeating: maxima[row] - reference).exponentiated2[0]
      let total = exponentiate(row, columns, reference)
      var sum = sums[row] * correction
      for lane in 0..<laneCount { sum += total[lane] }
      sums[row] = sum
      maxima[row] = after
      if correction != 1 { scale(output(row), by: correction) }
      row += 1
    }
  }

  @inline(__always)
  private func maximum(_ row: Int, _ columns: Int) -> Float {
    let scores = score(row)
    var largest = Vector(at: scores)
    for stream in 0..<KeyStreams.count {
      var column = 0
      while column < columns {
        largest = largest.maximum(Vector(at: scores + stream * KeyStreams.keysPerStep + column))
        column += laneCount
      }
    }
    var maximum = maxima[row]
    for lane in 0..<laneCount where largest[lane] > maximum { maximum = largest[lane] }
    return maximum
  }

  /// Writes the probabilities of a row where ``addValues(_:_:isCareful:)`` wants them, and returns sums of them.
  @inline(__always)
  private func exponentiate(_ row: Int, _ columns: Int, _ reference: Float) -> Vector {
    let scores = score(row)
    var total = Vector.zeros
    var column = 0
    while column < columns {
      var four: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      for stream in 0..<KeyStreams.count {
        four[stream] = (Vector(at: scores + stream * KeyStreams.keysPerStep + column) - reference).exponentiated2
        total += four[stream]
      }
      // Those of the four streams become neighbours.
      let (low02, high02) = four[0].zipped(with: four[2])
      let (low13, high13) = four[1].zipped(with: four[3])
      let (first, second) = low02.zipped(with: low13)
      let (third, fourth) = high02.zipped(with: high13)
      let target = probabilities(row, key: column)
      let keys = laneCount / KeyStreams.count
      storeQuads(first, at: target)
      storeQuads(second, at: target + keys * Self.probabilityStride)
      storeQuads(third, at: target + 2 * keys * Self.probabilityStride)
      storeQuads(fourth, at: target + 3 * keys * Self.probabilityStride)
      column += laneCount
    }
    return total
  }

  @inline(__always)
  private func storeQuads(_ vector: Vector, at target: UnsafeMutablePointer<Float>) {
    for key in 0..<(laneCount / 4) {
      for stream in 0..<4 { target[key * Self.probabilityStride + stream] = vector[key * 4 + stream] }
    }
  }

  @inline(__always)
  private func scale(_ output: UnsafeMutablePointer<Float>, by factor: Float) {
    var column = 0
    while column < problem.valueDimension {
      (Vector(at: output + column) * factor).store(at: output + column)
      column += laneCount
    }
  }

  private func finish() {
    var row = 0
    while row < rows {
      if let partialRows = item.partialRows {
        let partial = PartialRows(base: partialRows, problem)
        var column = 0
        while column < problem.valueDimension {
          partial.output(row)[column] = output(row)[Format.place(ofColumn: column)]
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
        vector[lane] = output(row)[Format.place(ofColumn: column + lane)]
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
  /// Whether the rows of an item are so few, and K and V so laid out, that ``ShortQueryPass`` serves it.
  ///
  /// Only items with all queries of their heads: the few rows at the end of a long sequence may belong to a larger item
  /// where there are fewer threads, and their bits may not depend on that.
  func isShort(_ item: ForwardItem) -> Bool {
    item.queries == queryLength && item.heads * item.queries <= shortQueryRows(lanes: laneCount) && mayBeShort
  }

  /// Whether ``ShortQueryPass`` serves items of few rows: K and V have rows of whole chunks of neighbouring elements.
  var mayBeShort: Bool {
    let chunk = 2 * laneCount
    return headDimension % chunk == 0 && valueDimension % chunk == 0 && key.columnStride == 1
      && value.columnStride == 1
  }
}

// MARK: Places

extension ShortQueryPass {
  func query(_ row: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.queries) + row * problem.headDimension
  }

  func output(_ row: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.outputs) + row * problem.valueDimension
  }

  func score(_ row: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.scores) + row * KeyStreams.stepKeys
  }

  /// Where the probabilities of one row and one key of each of the four streams lie, which are neighbours.
  ///
  /// Those of four rows share a line: while rows of V stream in from the main memory, a register tile is slower that
  /// reads its sixteen scalars from as many lines.
  func probabilities(_ row: Int, key: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.probabilities)
      + (row / 4 * KeyStreams.keysPerStep + key) * Self.probabilityStride + row % 4 * KeyStreams.count
  }

  /// From one key's probabilities to the next one's.
  static var probabilityStride: Int { @inline(__always) get { 4 * KeyStreams.count } }

  var maxima: UnsafeMutablePointer<Float> { memory.floats(at: layout.maxima) }
  var sums: UnsafeMutablePointer<Float> { memory.floats(at: layout.sums) }

  /// Stands for a row of K or V where a stream has no key left.
  var zeroRow: UnsafeRawPointer { UnsafeRawPointer(memory.floats(at: layout.zeroRow)) }

  /// The position of each lane within its stream.
  var positions: UnsafeMutablePointer<Int32> {
    (memory + layout.positions).assumingMemoryBound(to: Int32.self)
  }

  func keyRows(_ keys: BlockRange) -> OperandRange {
    OperandRange(
      batch: item.batch, head: keyValueHead, firstRow: keys.start, rows: keys.count, columns: problem.headDimension)
  }

  func valueRows(_ keys: BlockRange) -> OperandRange {
    OperandRange(
      batch: item.batch, head: keyValueHead, firstRow: keys.start, rows: keys.count, columns: problem.valueDimension)
  }

  func address(_ range: OperandRange, in operand: KernelOperand) -> UnsafeRawPointer {
    UnsafeRawPointer(operand.base.unsafelyUnwrapped) + range.offset(in: operand) * Format.size
  }
}
