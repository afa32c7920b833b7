import PTX

/// Writes the results of a warpgroup's rows: through shared memory by bulk copies, or, of a part of the keys, from
/// registers.
struct OutputStore {
  let pass: WarpgroupForward
  let item: WorkItem
  let warpgroup: Value<U32>
  let warpRow: Value<U32>
  let lane: Value<U32>

  private var b: KernelBuilder { pass.b }
  private var kernel: ForwardKernel { pass.kernel }

  init(
    _ pass: WarpgroupForward, _ item: WorkItem, warpgroup: Value<U32>, warpRow: Value<U32>, lane: Value<U32>
  ) {
    self.pass = pass
    self.item = item
    self.warpgroup = warpgroup
    self.warpRow = warpRow
    self.lane = lane
  }

  func write(_ output: Fragments, _ softmax: OnlineSoftmax, _ rows: [TileRow], _ careful: CarefulRows) {
    let epilogue = ForwardEpilogue(frame: pass.frame, item: item, rows: rows, lane: lane)
    let needCare = epilogue.finish(output, softmax)
    if kernel.isSplit {
      epilogue.store(output, careful, where: needCare)
      if kernel.keyParts == .merged {
        PartMerge(
          frame: pass.frame, item: item, warp: b.broadcast(pass.thread >> 5 & 3, fromLane: 0), lane: lane,
          slot: pass.shared + pass.memory.mergeSlot, synchronize: synchronizeWarpgroup
        ).run()
      }
      return
    }

    let tile = SharedTile(layout: pass.memory.output, start: pass.shared + pass.memory.outputTile)
    // Where the output is to lie, other warps of the group may still read queries, or the copy of the tile before
    // reads.
    Self.waitForLast(pass)
    synchronizeWarpgroup()
    let addresses = FragmentAddresses(tile, lane: lane, firstRow: warpRow)
    for column in stride(from: 0, to: tile.layout.columns, by: 16) {
      b.storeMatrices(
        LeftFragment.of(output.registers[0], column / 8, pass.frame), to: addresses.fragment(row: 0, column: column))
    }
    if kernel.forbidsPositions {
      careful.replace(where: needCare) { row, column, number in
        b.store(b.rounded(number, as: kernel.element), to: tile.element(row: row, column: column))
      }
    }
    b.fenceAsyncProxy()
    synchronizeWarpgroup()
    // The other warps need not wait: whoever writes to the same place next, queries or the next output, waits for the
    // copy.
    b.branch(if: Self.isCopying(pass)) { copy(tile) }
  }

  /// Waits, in the thread that asked for it, until the last copy has read its source where nothing has waited for that
  /// yet.
  static func waitForLast(_ pass: WarpgroupForward) {
    if pass.kernel.isSplit || pass.memory.outputSharesQueries { return }
    pass.b.branch(if: isCopying(pass)) { pass.b.waitForBulkSources(pending: 0) }
  }

  /// Whether the thread is the one of its warpgroup that asks for copies.
  private static func isCopying(_ pass: WarpgroupForward) -> Predicate { (pass.thread & 127) .== 0 }

  /// Asks for the copy of the warpgroup's rows, and waits until they may be overwritten where queries come next.
  private func copy(_ tile: SharedTile) {
    let map = b.tensorMap(ForwardParameter.map(.output).name)
    let firstQuery = ((item.firstRow + warpgroup * 64) / kernel.headsPerTile).bits(as: S32.self)
    for panel in 0..<tile.layout.panels {
      b.copyTile(
        from: tile.start + panel * tile.layout.panelBytes + warpgroup * (64 * tile.layout.rowBytes), to: map,
        at: [
          Value(panel * tile.layout.panelColumns), 0, firstQuery, item.headTile.bits(as: S32.self),
          item.batch.bits(as: S32.self),
        ])
    }
    b.commitBulkStores()
    if pass.memory.outputSharesQueries { b.waitForBulkSources(pending: 0) }
  }

  /// Waits for the warps of the group. The barriers after those of ``Turns``.
  private func synchronizeWarpgroup() {
    b.synchronize(barrier: warpgroup + (1 + kernel.tile.units), threads: 128)
  }
}
