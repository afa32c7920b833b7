import PTX

/// One warpgroup, which computes 64 rows of each tile.
///
/// The softmax of a step runs under the products of its neighbours: within a warpgroup the scores of the next step are
/// begun before the output of this one, and among warpgroups one after the other has its turn to begin products, so
/// that one computes exponentials while the tensor cores serve the next.
struct TileConsumer {
  let pass: WarpgroupForward
  /// The number of the warpgroup among those that compute.
  let warpgroup: Value<U32>
  private let lane: Value<U32>
  /// The warp's first row of the tile.
  private let warpRow: Value<U32>
  private let turns: Turns?

  private var b: KernelBuilder { pass.b }
  private var kernel: ForwardKernel { pass.kernel }

  init(_ pass: WarpgroupForward, warpgroup: Value<U32>) {
    self.pass = pass
    self.warpgroup = warpgroup
    lane = pass.thread & 31
    warpRow = warpgroup * 64 + (pass.thread >> 5 & 3) * 16
    turns = Turns(pass, warpgroup: warpgroup)
  }

  func write() {
    let output = Fragments(b, rowFragments: 1, columns: pass.memory.output.columns)
    let query = Ring.Position(b, pass.rings.query, fills: false)
    let key = Ring.Position(b, pass.rings.key, fills: false)
    let value = Ring.Position(b, pass.rings.value, fills: false)
    turns?.begin()
    pass.queue.compute(query) { item in
      let ofTile = KeyRange(pass.frame, item)
      let keys =
        passesOver ? KeyRange(ofTile, pass.frame, firstRow: item.firstRow + warpgroup * 64, count: 64) : ofTile
      let products = WarpgroupProducts(pass.frame, query: query.tile, firstRow: warpgroup * 64)
      let rows = (0..<2).map {
        TileRow(pass.frame, item, row: warpRow + (lane >> 2) + Fragments.place(ofRow: $0))
      }
      let addends = ScoreAddends(
        pass.frame, item, at: pass.shared + pass.memory.addends, rowCount: 16, warpRow: warpRow, lane: lane)
      let rules = ScoreRules(pass.frame, rows: rows, addends: addends, lane: lane)
      let softmax = OnlineSoftmax(b, rows: 2, factor: rules.remainingFactor)
      output.clear()
      // Where the output has a place of its own, queries are done with when all scores are there.
      func scoresAreDone() { if !pass.memory.outputSharesQueries { query.release(lane: lane) } }
      if passesOver && kernel.band == .both { passOver(from: ofTile.first, to: keys.first, key, value) }
      b.branch(
        if: keys.first .< keys.end,
        { steps(keys, products, rules, softmax, addends, output, key, value, scoresAreDone) },
        else: { scoresAreDone() })
      if passesOver { passOver(from: keys.end, to: ofTile.end, key, value) }
      let store = OutputStore(pass, item, warpgroup: warpgroup, warpRow: warpRow, lane: lane)
      store.write(
        output, softmax, rows,
        CarefulRows(
          frame: pass.frame, item: item, keys: keys, rules: rules, lane: lane, warpRow: warpRow))
      if pass.memory.outputSharesQueries { query.release(lane: lane) }
    }
    OutputStore.waitForLast(pass)
  }

  /// Whether a warpgroup leaves out blocks that only the rows of others see: under a band those at its ends, and all
  /// where its rows are behind the last query.
  ///
  /// Three warpgroups gain by it, since the others have more of the tensor cores. Of two that take turns, the one that
  /// is done waits for the other; and where there is no band, two gain nothing.
  private var passesOver: Bool {
    kernel.tile.units > 2 || (kernel.tile.units > 1 && kernel.band != .full && turns == nil)
  }

  /// Lets blocks go by that the warpgroup's rows do not see, but those of another do.
  private func passOver(
    from first: Value<S32>, to end: Value<S32>, _ key: Ring.Position, _ value: Ring.Position
  ) {
    b.loop(from: first, to: end) { _ in
      b.comment("a block that the warpgroup does not see")
      turns?.wait()
      turns?.pass()
      for position in [key, value] {
        position.waitUntilFull()
        position.release(lane: lane)
      }
    }
  }

  /// All steps of a warpgroup that sees at least one key.
  private func steps(
    _ keys: KeyRange, _ products: WarpgroupProducts, _ rules: ScoreRules, _ softmax: OnlineSoftmax,
    _ addends: ScoreAddends?, _ output: Fragments, _ key: Ring.Position, _ value: Ring.Position,
    _ scoresAreDone: () -> Void
  ) {
    let scores = Fragments(b, rowFragments: 1, columns: kernel.tile.keys)
    let probabilities = (0..<(kernel.tile.keys / 16)).map { _ in (0..<4).map { _ in b.variable(B32.self) } }
    func beginScores() {
      b.fenceWarpgroup()
      products.beginScores(scores, key.tile)
    }
    func beginOutput() {
      // Where scores are begun before it, nothing has written registers since their fence, but ptxas wants one for the
      // registers of each product.
      b.fenceWarpgroup()
      products.beginOutput(output, probabilities.map { $0.map(\.value) }, value.tile)
    }
    func keepProbabilities() {
      for (block, fragment) in probabilities.enumerated() {
        for (variable, pair) in zip(fragment, LeftFragment.of(scores.registers[0], 2 * block, pass.frame)) {
          variable.value = pair
        }
      }
    }
    func softmaxStep(_ block: Value<S32>) -> [Value<F32>] {
      let firstKey = block * kernel.tile.keys
      b.comment("rules and softmax")
      rules.apply(to: scores, firstKey: firstKey, hidesSome: keys.hidesSome(ofBlockAt: firstKey))
      return softmax.step(scores)
    }

    // The next step's keys are waited for between the softmax and the end of the products that it runs under. It is the
    // place for it also because it branches: within one run of instructions, ptxas moves the end of the products ahead
    // of the softmax.
    func waitForKeys(behind block: Value<S32>) {
      b.branch(if: block + 1 .< keys.end) { key.waitUntilFull() }
    }

    b.comment("the first step's scores")
    key.waitUntilFull()
    turns?.wait()
    beginScores()
    turns?.pass()
    addends?.fill(firstKey: keys.first * kernel.tile.keys)
    b.waitForWarpgroup(pending: 0)
    key.release(lane: lane)
    // The output is still zero, so there is nothing to correct.
    _ = softmaxStep(keys.first)
    keepProbabilities()
    waitForKeys(behind: keys.first)

    b.loop(from: keys.first + 1, to: keys.end) { block in
      b.section(ForwardSection.step.rawValue) {
        b.comment("the scores of this step, then the output of the one before it")
        turns?.wait()
        beginScores()
        value.waitUntilFull()
        beginOutput()
        turns?.pass()
        addends?.fill(firstKey: block * kernel.tile.keys)
        b.waitForWarpgroup(pending: 1)
        key.release(lane: lane)
        let corrections = softmaxStep(block)
        waitForKeys(behind: block)
        b.waitForWarpgroup(pending: 0)
        value.release(lane: lane)
        keepProbabilities()
        for (row, correction) in corrections.enumerated() {
          for (_, element) in output.row(row) { element.multiply(by: correction) }
        }
      }
    }

    scoresAreDone()
    b.comment("the last step's output")
    value.waitUntilFull()
    beginOutput()
    b.waitForWarpgroup(pending: 0)
    value.release(lane: lane)
  }
}

/// The order in which warpgroups begin products: each waits for a barrier of its own, at which the one before it
/// arrives when it has begun.
private struct Turns {
  let b: KernelBuilder
  let warpgroup: Value<U32>
  let count: Int

  /// Nil where there is nobody to take turns with, or where products are long enough to hide the softmax without.
  init?(_ pass: WarpgroupForward, warpgroup: Value<U32>) {
    guard pass.kernel.tile.units > 1, pass.kernel.headDimension <= 128 else { return nil }
    b = pass.b
    self.warpgroup = warpgroup
    count = pass.kernel.tile.units
  }

  private func barrier(_ warpgroup: Value<U32>) -> Value<U32> { warpgroup + 1 }

  /// Gives the first turn.
  func begin() {
    b.branch(if: warpgroup .== count - 1) { b.arrive(barrier: barrier(0), threads: 256) }
  }

  func wait() { b.synchronize(barrier: barrier(warpgroup), threads: 256) }

  func pass() {
    let next = (warpgroup .== count - 1).select(0, else: warpgroup + 1)
    b.arrive(barrier: barrier(next), threads: 256)
  }
}
