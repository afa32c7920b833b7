import KernelIntrinsics

/// The forward pass over one block of queries.
///
///     for each block of keys j that a query of the block may see
///       S = K_j · Qᵀ              queries in the lanes, base 2
///       mask S where the block is not wholly permitted
///       m' = max(m, max S);  P = 2^(S − m');  ℓ = 2^(m − m') ℓ + Σ P
///       Oᵀ = 2^(m − m') Oᵀ + V_jᵀ · P      or by row; see ``LaneSums``
///     O = O / ℓ;  LSE = ln 2 · m + ln ℓ
struct ForwardPass<Terms: TermArithmetic> {
  let problem: KernelProblem
  let item: ForwardItem
  let layout: ForwardWorkspace
  let memory: UnsafeMutableRawPointer

  var keyValueHead: Int { problem.keyValueHead(of: item) }

  var groupCount: Int { item.laneGroups(in: problem).count }

  @inline(__always)
  func group(_ index: Int) -> QueryGroup { QueryGroup(index, of: item, in: problem, layout, memory) }

  func run() {
    attend(searchingValues: false)
    if finish(ifFinite: isAnyForbidden) { return }
    // A value that is not finite has made all queries of the block so, whatever the weights.
    attend(searchingValues: true)
    _ = finish(ifFinite: false)
  }

  /// As ``run()``, but rows that come out infinite or NaN are left to others. Their log-sum-exp is NaN; of partial rows
  /// the sum is.
  ///
  /// - Returns: Whether there are none.
  func runFinite() -> Bool {
    attend(searchingValues: false)
    // A group that is finished cannot be finished again, so all are looked at first.
    let isFinite = areOutputsFinite
    if !isFinite && isAnyForbidden { attend(searchingValues: true) }
    var index = 0
    while index < groupCount {
      let group = group(index)
      if !isFinite && !group.keys.isEmpty { outputs(of: group).markNonFinite(in: group.softmax.sum) }
      finish(group)
      index += 1
    }
    return isFinite
  }

  private var areOutputsFinite: Bool {
    var index = 0
    while index < groupCount {
      let group = group(index)
      if !group.keys.isEmpty && !outputs(of: group).areFinite { return false }
      index += 1
    }
    return true
  }

  /// The keys that one of the queries may see.
  private var keys: BlockRange { problem.keys(of: item) }

  private var queries: BlockRange { item.queryRange }

  /// Whether a product takes in a pair that is forbidden. The first step may begin before the first key that is seen.
  private var isAnyForbidden: Bool {
    problem.isMasked(queries: queries, keys: keys) || Terms.stepStart(keys.start) != keys.start
  }

  /// O of a group.
  func outputs(of group: QueryGroup) -> LaneSums<Terms> {
    LaneSums(base: group.output, columns: problem.valueDimension, lanes: group.lanes)
  }

  /// - Parameter searchingValues: Whether to look for infinite and NaN values that are forbidden to some query. See
  ///   NonFinite.swift.
  private func attend(searchingValues: Bool) {
    let keys = keys
    var index = 0
    while index < groupCount {
      prepare(group(index))
      index += 1
    }
    var visit = firstVisit(of: keys)
    while !visit.isEmpty {
      let next = BlockRange(start: visit.end, end: min(visit.end + problem.keysPerVisit, keys.end))
      var prefetch = prefetch(during: visit, before: next)
      advance(over: visit, searchingValues: searchingValues, &prefetch)
      visit = next
    }
  }

  /// The first keys that are prepared at once of those that an item's queries may see.
  ///
  /// Blocks lie on a fixed grid, so that a block's sums do not depend on which queries share the item.
  private func firstVisit(of keys: BlockRange) -> BlockRange {
    if keys.isEmpty { return keys }
    let first = keys.start / problem.keyBlock * problem.keyBlock
    return BlockRange(start: first, end: min(first + problem.keysPerVisit, keys.end))
  }

  /// Writes the results of all groups.
  ///
  /// - Parameter isFinitenessRequired: Whether to stop after a group with an element of O that is infinite or NaN.
  /// - Returns: Whether there is none, if that is required.
  private func finish(ifFinite isFinitenessRequired: Bool) -> Bool {
    var index = 0
    while index < groupCount {
      let isFinite = finish(group(index), isFinitenessAsked: isFinitenessRequired)
      if isFinitenessRequired && !isFinite { return false }
      index += 1
    }
    return true
  }

  func prepare(_ group: QueryGroup) {
    Terms.packTransposed(
      group.lanes, of: problem.query, columns: problem.headDimension, scale: Terms.scoreFactors(problem).packed,
      into: group.packed)
    group.softmax.reset()
    group.positions.update(repeating: 0, count: LaneGroup.width)
    group.lanes.forEachLane { lane, _, row in
      group.positions[lane] = Int32(truncatingIfNeeded: row - item.firstQuery)
    }
  }

  func keyRange(_ keys: BlockRange) -> OperandRange {
    problem.keyRange(keys, batch: item.batch, head: keyValueHead)
  }

  func valueRange(_ keys: BlockRange) -> OperandRange {
    problem.valueRange(keys, batch: item.batch, head: keyValueHead)
  }

  func keyRows(_ keys: BlockRange) -> RowBlock<Terms> {
    Terms.rows(problem.key, keyRange(keys), isFinite: true, scratch: memory.floats(at: layout.keyRows))
  }

  func valueRows(_ keys: BlockRange, _ prefetch: UnsafeMutablePointer<Prefetch>? = nil) -> RowBlock<Terms> {
    Terms.columns(
      problem.value, valueRange(keys), isFinite: true, rows: nil, scratch: memory.floats(at: layout.valueRows),
      prefetch: prefetch)
  }

  /// What to fetch while some keys are computed with: the keys and values of the visit after it, and after the last
  /// visit the rows of the output.
  ///
  /// Where the next item is known, it is instead a part of the rows that that one reads, and of those that this one
  /// writes; or where both have a part of the keys, after the last visit the keys and values of its first one.
  private func prefetch(during visit: BlockRange, before next: BlockRange) -> Prefetch {
    var prefetch = Prefetch()
    var queries = OperandRange(
      batch: item.batch, head: item.firstHead, firstRow: item.firstQuery, rows: item.queries,
      columns: problem.valueDimension)
    let nextItem = item.next?.pointee
    if let nextItem, item.partialRows == nil {
      add(visit, of: nextItem, to: &prefetch)
      // The part of the queries that is to all of them as the visit is to all keys.
      queries.firstRow = problem.queryLength * visit.start / problem.keyLength
      queries.rows = problem.queryLength * visit.end / problem.keyLength - queries.firstRow
      prefetch.add(queries, of: problem.output)
      queries.batch = nextItem.batch
      queries.head = nextItem.firstHead
      queries.columns = problem.headDimension
      prefetch.add(queries, of: problem.query)
    } else if !next.isEmpty {
      add(next, of: item, to: &prefetch)
      prefetch.add(scores: problem.bias, of: queries, keys: next)
      prefetch.add(scores: problem.mask, of: queries, keys: next)
    } else if let nextItem {
      add(firstVisit(of: problem.keys(of: nextItem)), of: nextItem, to: &prefetch)
    } else {
      prefetch.add(queries, of: problem.output)
    }
    let (tiles, steps) = work(of: visit)
    prefetch.spread(over: tiles, steps: steps)
    return prefetch
  }

  /// Adds the rows of an item's keys and values.
  private func add(_ keys: BlockRange, of item: ForwardItem, to prefetch: inout Prefetch) {
    let head = problem.keyValueHead(of: item)
    prefetch.add(problem.keyRange(keys, batch: item.batch, head: head), of: problem.key)
    prefetch.add(problem.valueRange(keys, batch: item.batch, head: head), of: problem.value)
  }

  /// About as many register tiles and steps of the matrix unit as a visit takes under its mask.
  private func work(of visit: BlockRange) -> (tiles: Int, steps: Int) {
    let parts = (Terms.depth(problem.headDimension) + Self.mostTermsAtOnce - 1) / Self.mostTermsAtOnce
    var tiles = 0
    var unitSteps = Terms.stepsOfUnit(preparingValuesOf: visit.count, in: problem)
    var index = 0
    while index < groupCount {
      let group = group(index)
      var first = visit.start
      while first < visit.end {
        let keys = keys(ofBlock: first, of: visit, seenBy: group)
        if !keys.isEmpty {
          unitSteps += Terms.stepsOfUnit(keys: keys.count, in: problem)
          let steps = steps(of: group, keys)
          steps.forEach { tiles += $0.rows.count / registerTileRows(vectors: $0.vectors.count) * parts }
          tiles += outputs(of: group).registerTiles(steps)
        }
        first += problem.keyBlock
      }
      index += 1
    }
    return (tiles, unitSteps)
  }

  /// The keys that a group takes in of a visit's block that begins with `first`: steps may begin before the first key
  /// that is seen, and end behind the last; the mask then forbids those.
  @inline(__always)
  private func keys(ofBlock first: Int, of visit: BlockRange, seenBy group: QueryGroup) -> BlockRange {
    let block = BlockRange(start: first, end: min(first + problem.keyBlock, visit.end))
    var keys = block.intersection(group.keys)
    if !keys.isEmpty {
      keys.end = min(block.start + Terms.stepEnd(keys.end - block.start), block.end)
      keys.start = block.start + Terms.stepStart(keys.start - block.start)
    }
    return keys
  }

  private func advance(
    over visit: BlockRange, searchingValues: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
  ) {
    let keyRows = keyRows(visit)
    let valueRows = valueRows(visit, prefetch.pointee.isByStep ? prefetch : nil)
    var index = 0
    while index < groupCount {
      let group = group(index)
      var first = visit.start
      while first < visit.end {
        let keys = keys(ofBlock: first, of: visit, seenBy: group)
        if !keys.isEmpty {
          advance(
            group, over: keys, keyRows, valueRows, firstRow: keys.start - visit.start,
            isFirst: keys.start <= group.keys.start, searchingValues: searchingValues, prefetch)
        }
        first += problem.keyBlock
      }
      index += 1
    }
  }

  private func advance(
    _ group: QueryGroup, over block: BlockRange, _ keyRows: RowBlock<Terms>, _ valueRows: RowBlock<Terms>,
    firstRow: Int, isFirst: Bool, searchingValues: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
  ) {
    let taken = Terms.advance(
      self, group, over: block, keyRows, valueRows, firstRow: firstRow, isFirst: isFirst, prefetch)
    let keys = BlockRange(start: block.start + taken, end: block.end)
    if keys.isEmpty { return }
    let firstRow = firstRow + taken
    let isFirst = isFirst && taken == 0
    let tile = ScoreTile(
      base: memory.floats(at: layout.scores), stride: LaneGroup.width, rows: keys.count, vectors: group.lanes.vectors)
    let steps = steps(of: group, keys)
    let isMasked = isMasked(group, keys)
    var factor = Terms.scoreFactors(problem).late
    let isBiased = problem.bias.isPresent
    let isCapped = problem.softcap > 0
    // A bias takes the factor along, and the softmax a positive one; a cap wants it before.
    let isFactorEarly = isCapped || !isBiased && factor <= 0
    // The maxima of scores that stay as they are are taken while these are in registers.
    let isMaximumKnown = !isMasked && !isFactorEarly && tile.isFull && Terms.resultRows(tile.rows) == tile.rows
    if isMaximumKnown { group.softmax.resetTileMaximum() }
    steps.forEach { step in
      computeScores(
        keyRows, firstRow: firstRow, step, of: group, into: tile,
        raising: isMaximumKnown ? group.softmax.tileMaximum : nil, prefetch)
    }
    if isFactorEarly && factor != 1 {
      tile.multiply(by: factor)
      factor = 1
    }
    if isCapped { tile.applySoftcap(problem.softcap, keeping: nil) }
    if isMasked { applyMasks(to: tile, steps, of: group, keys, factor: factor) }
    if isBiased { factor = 1 }
    var probabilities = tile
    if !Terms.Probabilities.fitsInPlace { probabilities.base = memory.floats(at: layout.probabilities) }
    group.softmax.update(
      with: tile, steps, factor: factor, isMaximumKnown: isMaximumKnown, into: probabilities.base,
      as: Terms.Probabilities.self)
    addValues(
      probabilities, steps, keys, valueRows, firstRow: firstRow, to: group,
      searchingValues: isMasked && searchingValues,
      start: isFirst ? .zero : .scaledDestination(by: group.softmax.factors), prefetch)
  }

  /// S = K · Qᵀ of one step.
  private func computeScores(
    _ keyRows: RowBlock<Terms>, firstRow: Int, _ step: TileStep, of group: QueryGroup, into tile: ScoreTile,
    raising maxima: UnsafeMutablePointer<Float>?, _ prefetch: UnsafeMutablePointer<Prefetch>
  ) {
    let depth = Terms.depth(problem.headDimension)
    let stride = Terms.parts * LaneGroup.width
    let scalars = keyRows.byRow(from: firstRow + step.rows.start)
    let lane = step.vectors.start * laneCount
    var term = 0
    repeat {
      let end = min(term + Self.mostTermsAtOnce, depth)
      multiply(
        rows: Terms.resultRows(step.rows.count), vectors: step.vectors.count, depth: end - term,
        scalars.from(term: term),
        group.packed + term * stride + lane, stride: stride,
        into: tile.base + step.rows.start * tile.stride + lane, destinationStride: tile.stride,
        start: term == 0 ? .zero : .destination, raising: end == depth ? maxima : nil, prefetch: prefetch)
      term = end
    } while term < depth
  }

  /// The most terms of scores that are summed at once, so that the packed queries of a group, which every register tile
  /// reads, stay in the first-level cache: 24 KiB of them. Dimension 256 is 3 to 5 % faster so on Zen 5. In three parts
  /// 36 KiB are worth it, because only sums that are computed at once take turns with a softmax.
  static var mostTermsAtOnce: Int {
    let terms = (Terms.parts > 2 ? 36 : 24) * 1024 / (LaneGroup.width * MemoryLayout<Float>.size * Terms.parts)
    // The matrix unit takes 16 at once.
    return terms / 16 * 16
  }

  /// What some query of each vector may see of a tile. Where a group spans heads, its lanes are in no order.
  private func steps(of group: QueryGroup, _ keys: BlockRange) -> TileSteps {
    let vectors = group.lanes.vectors
    if group.lanes.spansHeads || problem.permitsAll(queries: group.queries, keys: keys) {
      return TileSteps(rows: keys.count, vectors: vectors)
    }
    return .ending(
      rows: keys.count, lanes: group.lanes.count, rowStep: Terms.rowStep,
      firstEnd: problem.keyEnd(seenBy: group.queries.start) - keys.start)
  }

  func isMasked(_ group: QueryGroup, _ keys: BlockRange) -> Bool {
    problem.isMasked(queries: group.queries, keys: keys)
  }

  /// The smallest range of a tile's keys outside of which every query may see every key.
  func forbiddenKeys(_ keys: BlockRange, of group: QueryGroup) -> BlockRange {
    problem.hasElementwiseMask ? keys : problem.keysForbidden(toAnyOf: group.queries, among: keys)
  }

  /// O = start + Pᵀ · V for the keys of one tile.
  @inline(__always)
  func addValues(
    _ tile: ScoreTile, _ steps: TileSteps, _ keys: BlockRange, _ values: RowBlock<Terms>, firstRow: Int,
    to group: QueryGroup, searchingValues: Bool, start: AccumulatorStart,
    _ prefetch: UnsafeMutablePointer<Prefetch>? = nil
  ) {
    if searchingValues && valueRange(forbiddenKeys(keys, of: group)).hasNonFinite(in: problem.value) {
      let finite = Terms.columns(
        problem.value, valueRange(keys), isFinite: false, rows: nil,
        scratch: memory.floats(at: layout.finiteValueRows), prefetch: nil)
      add(tile, steps, finite, firstRow: 0, to: group, start: start)
      addNonFiniteValues(tile, keys, to: group)
    } else {
      add(tile, steps, values, firstRow: firstRow, to: group, start: start, prefetch)
    }
  }

  @inline(__always)
  func add(
    _ tile: ScoreTile, _ steps: TileSteps, _ values: RowBlock<Terms>, firstRow: Int, to group: QueryGroup,
    start: AccumulatorStart, _ prefetch: UnsafeMutablePointer<Prefetch>? = nil
  ) {
    let products = LaneProducts(
      tile: tile.base, stride: tile.stride, steps: steps, operand: values, firstRow: firstRow)
    Terms.add(products, to: outputs(of: group), start: start, prefetch)
  }

  /// Adds what the infinite and NaN values contribute to the queries that may see them.
  @inline(never)
  private func addNonFiniteValues(_ tile: ScoreTile, _ keys: BlockRange, to group: QueryGroup) {
    // Masking a tile of zeros shows which pairs are forbidden.
    let permissions = ScoreTile(
      base: memory.floats(at: layout.permissions), stride: LaneGroup.width, rows: tile.rows, vectors: tile.vectors)
    permissions.clear()
    let all = TileSteps(rows: tile.rows, vectors: tile.vectors)
    applyMasks(to: permissions, all, of: group, keys, factor: 1)
    valueRange(keys).forEachNonFinite(in: problem.value) { row, column, value in
      var lane = 0
      while lane < tile.vectors * laneCount {
        if permissions.base[row * permissions.stride + lane] != -.infinity {
          let probability = Terms.Probabilities.number(tile.base + lane, row: row, stride: tile.stride)
          outputs(of: group).add(probability * value, lane: lane, column: column)
        }
        lane += 1
      }
    }
  }

  /// - Returns: Whether O is finite, if that is asked for.
  @discardableResult
  private func finish(_ group: QueryGroup, isFinitenessAsked: Bool = false) -> Bool {
    if group.keys.isEmpty {
      outputs(of: group).clear()
    }
    if let partialRows = item.partialRows {
      return storePartial(group, PartialRows(base: partialRows, problem), isFinitenessAsked)
    }
    return outputs(of: group).store(
      factors: finishSoftmax(group), to: problem.output, isFinitenessAsked: isFinitenessAsked)
  }

  private func storePartial(_ group: QueryGroup, _ rows: PartialRows, _ isFinitenessAsked: Bool) -> Bool {
    let factors = group.softmax.factors
    factors.update(repeating: 1 / Terms.Probabilities.scale, count: LaneGroup.width)
    let isFinite = outputs(of: group).store(
      factors: factors, to: rows.operand(item), isFinitenessAsked: isFinitenessAsked)
    var lane = 0
    while lane < group.lanes.count {
      rows.setState(group.lanes.start + lane, maximum: group.softmax.maximum[lane], sum: group.softmax.sum[lane])
      lane += 1
    }
    return isFinite
  }

  /// Writes the rows' log-sum-exp, in the place of their maxima first, and returns what O has to be multiplied by, the
  /// reciprocals of their sums.
  func finishSoftmax(_ group: QueryGroup) -> UnsafePointer<Float> {
    let sums = group.softmax.sum
    let reciprocals = group.softmax.factors
    let results = group.softmax.maximum
    var lane = 0
    while lane < group.lanes.vectors * laneCount {
      let sum = Vector(at: sums + lane)
      // A row without a permitted key gives zeros, and −∞ as its maximum is.
      let isEmpty = sum .== .zeros
      (1 / Terms.Probabilities.scale / sum).replacing(with: .zeros, where: isEmpty).store(at: reciprocals + lane)
      let logarithm = sum.naturalLogarithm.replacing(with: .zeros, where: isEmpty)
      logarithm.adding(product: Vector(at: results + lane), Vector(repeating: naturalLogarithmOf2))
        .store(at: results + lane)
      lane += laneCount
    }
    let lanes = group.lanes
    let logSumExp = problem.logSumExp.unsafelyUnwrapped + item.batch * problem.queryHeads * problem.queryLength
    if lanes.spansHeads {
      lanes.forEachLane { lane, head, row in logSumExp[head * problem.queryLength + row] = results[lane] }
    } else {
      (logSumExp + lanes.head(0) * problem.queryLength + lanes.row(0)).update(from: results, count: lanes.count)
    }
    return UnsafePointer(reciprocals)
  }
}
