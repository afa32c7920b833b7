import PTX

/// What bias and mask add to the scores of a warp's rows in a step: fp32 numbers in shared memory, −∞ where a position
/// is forbidden.
///
/// The warp reads bias and mask along the keys, as they lie in memory, and its lanes take from shared memory the
/// elements of the scores that they hold. Read in that order from the tensors, each element would need an address of
/// its own, and there are not enough registers for them.
struct ScoreAddends {
  let frame: ForwardFrame
  let item: WorkItem
  /// The warp's first row of the tile.
  let warpRow: Value<U32>
  let lane: Value<U32>
  /// The warp's rows.
  private let rowCount: Int
  /// The lane's first element of row 0 in a step.
  private let start: Pointer<Shared>
  /// The warp's row 0.
  private let warpStart: Pointer<Shared>

  /// Nil where the kernel has neither bias nor mask.
  init?(
    _ frame: ForwardFrame, _ item: WorkItem, at memory: Pointer<Shared>, rowCount: Int, warpRow: Value<U32>,
    lane: Value<U32>
  ) {
    guard Self.byteCount(frame.kernel) > 0 else { return nil }
    self.frame = frame
    self.item = item
    self.warpRow = warpRow
    self.lane = lane
    self.rowCount = rowCount
    precondition(frame.kernel.tile.keys % 32 == 0, "the lanes read whole rows of a step")
    warpStart = memory + warpRow * Self.rowBytes(frame.kernel)
    start = warpStart + ((lane >> 2) * Self.rowBytes(frame.kernel) + (lane & 3) * 8)
  }

  /// The shared memory of all rows of a tile, or none where the kernel has neither bias nor mask.
  static func byteCount(_ kernel: ForwardKernel) -> Int {
    kernel.bias != nil || kernel.isMasked ? kernel.tile.rows * rowBytes(kernel) : 0
  }

  /// Eight more than the keys: so the pairs that half a warp reads at once lie in different banks.
  private static func rowBytes(_ kernel: ForwardKernel) -> Int { (kernel.tile.keys + 8) * 4 }

  /// Reads bias and mask for the keys from `firstKey` on.
  func fill(firstKey: Value<S32>) {
    let b = frame.b
    b.comment("bias and mask of the step")
    let bias = frame.kernel.bias.map { _ in ScoreTensor(frame, .bias) }
    let mask = frame.kernel.isMasked ? ScoreTensor(frame, .mask) : nil
    let columns = stride(from: 0, to: frame.kernel.tile.keys, by: 32).map { column in
      // What lies behind the last key is hidden as such.
      Value<S32>.minimum(firstKey + lane.bits(as: S32.self) + column, frame.keyLength - 1)
    }
    // Lanes may still read those of the last step.
    b.synchronizeWarp()
    // So many rows that their loads hide each other's way from memory.
    b.loop(from: 0, to: Value<U32>(rowCount), step: 8) { row in
      for next in 0..<8 {
        let tileRow = TileRow(frame, item, row: warpRow + row + next)
        let place = warpStart + ((row + next) * Self.rowBytes(frame.kernel) + lane * 4)
        let biasRow = bias?.row(tileRow, item)
        let maskRow = mask?.row(tileRow, item)
        for (index, key) in columns.enumerated() {
          var addend: Value<F32> = 0.0
          if let bias, let biasRow {
            addend = ScoreRules.addend(ofBias: bias.number(at: biasRow + bias.distance(ofKey: key)))
          }
          if let mask, let maskRow {
            let permits = b.load(U8.self, from: maskRow + mask.distance(ofKey: key)) .!= 0
            addend = permits.select(addend, else: OnlineSoftmax.minusInfinity)
          }
          b.store(addend, to: place + index * 128)
        }
      }
    }
    b.synchronizeWarp()
  }

  /// Adds to scores what ``fill(firstKey:)`` has read.
  func apply(to scores: Fragments) {
    let b = frame.b
    for (fragment, blocks) in scores.registers.enumerated() {
      for (block, elements) in blocks.enumerated() {
        for half in 0..<2 {
          let row = Fragments.place(ofRow: 2 * fragment + half)
          let addends = b.load(
            F32.self, count: 2, from: start + (row * Self.rowBytes(frame.kernel) + block * 32))
          for (element, addend) in zip(elements[(2 * half)...], addends) {
            if frame.kernel.bias != nil { element.add(addend) }
            // A forbidden score is −∞ even where the product is NaN.
            b.predicated(by: addend .== OnlineSoftmax.minusInfinity) { element.value = OnlineSoftmax.minusInfinity }
          }
        }
      }
    }
  }
}
