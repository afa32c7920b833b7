import KernelIntrinsics

/// The backward pass over one block of keys.
///
///     for each query head of the key/value head, for each block of queries i that may see a key of the block
///       S  = Q_i · Kᵀ             keys in the lanes, base 2, recomputed
///       P  = 2^(S − LSE_i)
///       dP = dO_i · Vᵀ
///       dS = P ∘ (dP − δ_i)       δ = row sums of dO ∘ O
///       dVᵀ += dO_iᵀ · P;  dKᵀ += Q_iᵀ · dS       or by row; see ``LaneSums``
///       dQ_i += dS · K
///
/// These are the five products of Algorithm 4 of FlashAttention (Dao et al., 2022). Nobody else adds to this block's dK
/// and dV. dQ_i is shared with the items of other key blocks, which take turns in the order of the keys, so that the
/// sums are the same for any number of threads.
struct BackwardPass<Terms: GradientTerms> {
  let problem: KernelProblem
  let item: BackwardItem
  let layout: BackwardWorkspace
  let memory: UnsafeMutableRawPointer

  var headsPerGroup: Int { problem.queryHeads / problem.keyValueHeads }
  var queryBlocks: Int { (problem.queryLength + problem.queryBlock - 1) / problem.queryBlock }
  /// A shared tail would not begin with a step of the matrix unit.
  var laneGroups: LaneGroups { LaneGroups(rows: item.keys, sharesTail: problem.matrixUnitParts == 0) }
  var groupCount: Int { laneGroups.count }
  var keys: BlockRange { BlockRange(start: item.firstKey, end: item.firstKey + item.keys) }

  func run() {
    packKeysAndValues()
    let keysAreFinite = !keyRange.hasNonFinite(in: problem.key)
    // Products that keep what is not finite keep that of values.
    let valuesAreFinite = Terms.keepsNonFinite || !valueRange.hasNonFinite(in: problem.value)
    let keyRows = keyRows(areFinite: keysAreFinite)
    var head = 0
    while head < headsPerGroup {
      clearBiasSums()
      if hasAllKeys { clearQueryGradientOutsideOfBlocks(head: head) }
      var block = blocks.start
      while block < blocks.end {
        let step = BackwardStep(
          pass: self, head: item.keyValueHead * headsPerGroup + head, queries: queries(block),
          number: head * queryBlocks + block,
          tiles: BackwardTiles(
            probabilities: memory.floats(at: layout.probabilities),
            scoreGradients: memory.floats(at: layout.scoreGradients), stride: layout.width),
          keysAndValuesAreFinite: keysAreFinite && valuesAreFinite)
        var prefetch = prefetch(during: block, head: head, tiles: step.registerTiles)
        step.run(keyRows, keysAreFinite: keysAreFinite, &prefetch)
        finish(steps: step.number + 1)
        block += 1
      }
      commitBiasSums(head: head)
      finish(steps: (head + 1) * queryBlocks)
      head += 1
    }
    storeGradients()
    kernel_store_release(item.progress, Int.max)
  }

  /// The blocks of queries of which one may see a key of this item.
  private var blocks: BlockRange {
    let seeing = problem.queries(seeing: keys)
    if seeing.isEmpty { return BlockRange(start: 0, end: 0) }
    return BlockRange(
      start: seeing.start / problem.queryBlock, end: (seeing.end + problem.queryBlock - 1) / problem.queryBlock)
  }

  /// Whether the item has all keys of its heads, so that nobody else adds to their dQ.
  var hasAllKeys: Bool { item.firstKey == 0 && item.keys == problem.keyLength }

  /// The rows of dQ of some queries of a head.
  func queryGradientRows(_ queries: BlockRange, head: Int) -> UnsafeMutablePointer<Float> {
    let row = (item.batch * problem.queryHeads + head) * problem.queryLength + queries.start
    return problem.queryGradientSum.unsafelyUnwrapped + row * problem.queryGradientStride
  }

  /// What to do for queries without a key, whose dQ no product begins.
  func clearQueryGradient(_ queries: BlockRange, head: Int) {
    queryGradientRows(queries, head: head).update(repeating: 0, count: queries.count * problem.queryGradientStride)
  }

  private func clearQueryGradientOutsideOfBlocks(head: Int) {
    let head = item.keyValueHead * headsPerGroup + head
    let end = min(blocks.end * problem.queryBlock, problem.queryLength)
    clearQueryGradient(BlockRange(start: 0, end: blocks.start * problem.queryBlock), head: head)
    clearQueryGradient(BlockRange(start: end, end: problem.queryLength), head: head)
  }

  /// The queries of a block.
  private func queries(_ block: Int) -> BlockRange {
    let start = block * problem.queryBlock
    return BlockRange(start: start, end: min(start + problem.queryBlock, problem.queryLength))
  }

  /// Calls `body` with the queries of each of ``blocks``.
  @inline(__always)
  func forEachQueryBlock(_ body: (_ queries: BlockRange) -> Void) {
    var block = blocks.start
    while block < blocks.end {
      body(queries(block))
      block += 1
    }
  }

  /// What to fetch during a step: a part of the rows that the next item reads, and of those of dQ, dK and dV.
  ///
  /// Where the next item is not known, it is the rows of the next step, and after the last step those of dK and dV that
  /// are not there yet.
  private func prefetch(during block: Int, head: Int, tiles: Int) -> Prefetch {
    let queries = queries(block)
    var prefetch = Prefetch()
    if let next = item.next?.pointee {
      let part = partOfKeys(queries, head: head)
      addRows(part, of: problem.keyGradient, before: next, to: &prefetch)
      addRows(part, of: problem.valueGradient, before: next, to: &prefetch)
      prefetch.add(problem.keyRange(part, batch: next.batch, head: next.keyValueHead), of: problem.key)
      prefetch.add(problem.valueRange(part, batch: next.batch, head: next.keyValueHead), of: problem.value)
      prefetch.add(valueRows(of: queries, head: head, of: next), of: problem.output)
      addRows(of: queries, head: head, of: next, to: &prefetch)
      prefetch.add(
        at: queryGradientRows(queries, head: item.keyValueHead * headsPerGroup + head),
        bytes: queries.count * problem.queryGradientStride * 4)
    } else if block + 1 < blocks.end {
      addRows(of: self.queries(block + 1), head: head, of: item, to: &prefetch)
      addScores(of: self.queries(block + 1), head: head, to: &prefetch)
    } else if head + 1 < headsPerGroup {
      addRows(of: self.queries(blocks.start), head: head + 1, of: item, to: &prefetch)
      addScores(of: self.queries(blocks.start), head: head + 1, to: &prefetch)
    } else {
      let all = BlockRange(start: 0, end: item.keys)
      addRows(all, of: problem.keyGradient, before: nil, to: &prefetch)
      addRows(all, of: problem.valueGradient, before: nil, to: &prefetch)
    }
    prefetch.spread(over: tiles)
    return prefetch
  }

  /// Adds the rows of dK or dV of some of an item's keys: those of the next item, if it is known, where its sums begin
  /// there, and elsewhere those that this one ends with.
  private func addRows(
    _ keys: BlockRange, of gradient: KernelOperand, before next: BackwardItem?, to prefetch: inout Prefetch
  ) {
    guard let item = isSummedInPlace(gradient) ? next : item else { return }
    prefetch.add(
      OperandRange(
        batch: item.batch, head: item.keyValueHead, firstRow: item.firstKey + keys.start, rows: keys.count,
        columns: gradient.rowStride),
      of: gradient)
  }

  /// Adds rows of Q and dO of one of an item's heads.
  private func addRows(of queries: BlockRange, head: Int, of item: BackwardItem, to prefetch: inout Prefetch) {
    var range = valueRows(of: queries, head: head, of: item)
    prefetch.add(range, of: problem.outputGradient)
    range.columns = problem.headDimension
    prefetch.add(range, of: problem.query)
  }

  /// Adds what bias and mask say about some queries of a head and the item's keys, and the place of the bias gradient.
  private func addScores(of queries: BlockRange, head: Int, to prefetch: inout Prefetch) {
    let range = valueRows(of: queries, head: head, of: item)
    prefetch.add(scores: problem.bias, of: range, keys: keys)
    prefetch.add(scores: problem.mask, of: range, keys: keys)
    prefetch.add(scores: problem.biasGradient, of: range, keys: keys)
  }

  /// Rows of O and dO of one of an item's heads.
  private func valueRows(of queries: BlockRange, head: Int, of item: BackwardItem) -> OperandRange {
    OperandRange(
      batch: item.batch, head: item.keyValueHead * headsPerGroup + head, firstRow: queries.start, rows: queries.count,
      columns: problem.valueDimension)
  }

  /// The part of the item's keys that is to all of them as the queries of a step are to those of all heads.
  private func partOfKeys(_ queries: BlockRange, head: Int) -> BlockRange {
    let all = headsPerGroup * problem.queryLength
    let before = head * problem.queryLength
    return BlockRange(
      start: item.keys * (before + queries.start) / all, end: item.keys * (before + queries.end) / all)
  }

  // MARK: Taking turns

  /// Says that all steps before `steps` are done here and in all items before this one.
  private func finish(steps: Int) {
    waitForQueryGradientTurn(steps)
    kernel_store_release(item.progress, steps)
  }

  @inline(__always)
  func waitForQueryGradientTurn(_ steps: Int) {
    if let predecessor = item.queryGradientPredecessor { wait(for: predecessor, toFinish: steps) }
  }

  @inline(never)
  func wait(for predecessor: UnsafePointer<Int>, toFinish steps: Int) {
    var spins = 0
    while kernel_load_acquire(predecessor) < steps {
      // The predecessor may have lost its processor; giving up this one lets it run.
      spins += 1
      if spins & 1023 == 0 { kernel_yield() } else { kernel_pause() }
    }
  }

  // MARK: Beginning and end

  func packKeysAndValues() {
    var index = 0
    while index < groupCount {
      let group = lanes(index)
      Terms.packTransposed(
        group, of: problem.key, columns: problem.headDimension, scale: Terms.scoreFactors(problem).packed,
        into: packedKeys(index))
      Terms.packTransposed(
        group, of: problem.value, columns: problem.valueDimension, scale: 1, into: packedValues(index))
      index += 1
    }
    fillPositions()
  }

  func fillPositions() {
    var lane = 0
    while lane < LaneGroup.width {
      positions[lane] = Int32(truncatingIfNeeded: lane)
      lane += 1
    }
  }

  /// The item's keys for dQ = scale · dS · K, with zeros in the place of infinite and NaN elements.
  func keyRows(areFinite: Bool) -> RowBlock<Terms> {
    // The product takes whole vectors of a row, and behind a row in place is not its own padding.
    Terms.columnVectors(
      problem.key, keyRange, isFinite: areFinite && problem.headDimension % laneCount == 0,
      scratch: memory.floats(at: layout.keyRows))
  }

  var keyRange: OperandRange { problem.keyRange(keys, batch: item.batch, head: item.keyValueHead) }
  var valueRange: OperandRange { problem.valueRange(keys, batch: item.batch, head: item.keyValueHead) }

  func clearGradients(of group: Int) {
    keyGradient(group).clear()
    valueGradient(group).clear()
  }

  func storeGradients() {
    let factors = memory.floats(at: layout.factors)
    factors.update(repeating: 1, count: LaneGroup.width)
    var index = 0
    while index < groupCount {
      let group = lanes(index)
      // No step has begun the sums of keys that no query may see.
      if headsPerGroup == 0 || problem.queries(seeing: keys(of: group)).isEmpty { clearGradients(of: index) }
      if !isSummedInPlace(problem.keyGradient) {
        keyGradient(index).store(factors: factors, to: problem.keyGradient)
      }
      if !isSummedInPlace(problem.valueGradient) {
        valueGradient(index).store(factors: factors, to: problem.valueGradient)
      }
      index += 1
    }
  }
}

// MARK: Lane groups and their memory

extension BackwardPass {
  /// The keys of one lane group.
  @inline(__always)
  func lanes(_ index: Int) -> LaneGroup {
    let start = laneGroups.start(of: index)
    return LaneGroup(
      batch: item.batch, firstHead: item.keyValueHead, firstRow: item.firstKey, rowsPerHead: problem.keyLength,
      start: start, count: laneGroups.start(of: index + 1) - start)
  }

  @inline(__always)
  func keys(of lanes: LaneGroup) -> BlockRange {
    BlockRange(start: item.firstKey + lanes.start, end: item.firstKey + lanes.start + lanes.count)
  }

  /// The lane groups of the block that hold one of `seen`.
  func groups(holding seen: BlockRange) -> BlockRange {
    let inside = seen.intersection(keys)
    if inside.isEmpty { return BlockRange(start: 0, end: 0) }
    return BlockRange(
      start: laneGroups.group(holding: inside.start - item.firstKey),
      end: laneGroups.group(holding: inside.end - 1 - item.firstKey) + 1)
  }

  /// The lanes of consecutive groups within the item.
  func lanes(of groups: BlockRange) -> BlockRange {
    BlockRange(start: laneGroups.start(of: groups.start), end: laneGroups.start(of: groups.end))
  }

  func packedKeys(_ group: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.packedKeys) + group * problem.packedMemory(columns: problem.headDimension)
  }

  func packedValues(_ group: Int) -> UnsafeMutablePointer<Float> {
    memory.floats(at: layout.packedValues) + group * problem.packedMemory(columns: problem.valueDimension)
  }

  func keyGradient(_ group: Int) -> LaneSums<Terms> {
    sums(group, of: problem.keyGradient, at: layout.keyGradient)
  }

  func valueGradient(_ group: Int) -> LaneSums<Terms> {
    sums(group, of: problem.valueGradient, at: layout.valueGradient)
  }

  private func sums(_ group: Int, of gradient: KernelOperand, at offset: Int) -> LaneSums<Terms> {
    let lanes = lanes(group)
    let columns = gradient.rowStride
    var base = memory.floats(at: offset) + group * LaneGroup.memory(columns: columns)
    if isSummedInPlace(gradient) {
      base =
        gradient.base.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
        + gradient.offset(batch: item.batch, head: item.keyValueHead, row: item.firstKey + lanes.start)
    }
    return LaneSums(base: base, columns: columns, lanes: lanes)
  }

  /// Whether dK or dV is summed where it ends up, which saves a copy: gradients are dense, so that their rows lie as those
  /// of sums by row do, and are as long as they are apart.
  private func isSummedInPlace(_ gradient: KernelOperand) -> Bool {
    Terms.sumsByRow(columns: gradient.rowStride) && gradient.stored == .float32
  }

  /// The position of each lane within its group.
  var positions: UnsafeMutablePointer<Int32> {
    (memory + layout.positions).assumingMemoryBound(to: Int32.self)
  }
}
