import PTX

/// Which blocks of keys a tile's rows see, or some of them, and which of those hold positions that some row may not
/// see.
struct KeyRange {
  /// In blocks of the tile's keys; `first ≤ end`.
  let first: Value<S32>
  let end: Value<S32>
  /// The keys from here on are hidden from some row.
  private let hiddenFrom: Value<S32>
  /// The keys before it are hidden from some row.
  private let hiddenBefore: Value<S32>?
  private let keys: Int

  /// What the rows of a tile see, or of it the part that is the item's.
  init(_ frame: ForwardFrame, _ item: WorkItem) {
    let view = View(frame, firstRow: item.firstRow, count: frame.kernel.tile.rows)
    keys = frame.kernel.tile.keys
    hiddenFrom = view.hiddenFrom
    hiddenBefore = view.hiddenBefore
    let firstBlock = view.firstBlock ?? 0
    guard frame.kernel.isSplit else {
      first = firstBlock
      end = view.endBlock
      return
    }
    // Equal parts, but for the last ones, which may be smaller or empty.
    let splits = item.splits.bits(as: S32.self)
    let part = (view.endBlock - firstBlock + splits - 1) / splits
    first = .minimum(firstBlock + item.split.bits(as: S32.self) * part, view.endBlock)
    end = .minimum(first + part, view.endBlock)
  }

  /// Of the blocks of a tile, those that `count` of its rows see, none where all of these are behind the last query.
  init(_ tile: KeyRange, _ frame: ForwardFrame, firstRow: Value<U32>, count: Int) {
    let view = View(frame, firstRow: firstRow, count: count)
    keys = tile.keys
    hiddenFrom = view.hiddenFrom
    hiddenBefore = view.hiddenBefore
    let isPresent = view.firstQuery .< frame.queryLength
    let end = Value<S32>.maximum(.minimum(isPresent.select(view.endBlock, else: 0), tile.end), tile.first)
    self.end = end
    first = view.firstBlock.map { .minimum(.maximum($0, tile.first), end) } ?? tile.first
  }

  /// What rows see of all keys.
  private struct View {
    let firstQuery: Value<S32>
    /// Nil where rows see keys from the first one on.
    let firstBlock: Value<S32>?
    let endBlock: Value<S32>
    let hiddenFrom: Value<S32>
    let hiddenBefore: Value<S32>?

    init(_ frame: ForwardFrame, firstRow: Value<U32>, count: Int) {
      let heads = frame.kernel.headsPerTile
      let keys = frame.kernel.tile.keys
      firstQuery = (firstRow / heads).bits(as: S32.self)
      let lastQuery = Value<S32>.minimum(
        ((firstRow + (count - 1)) / heads).bits(as: S32.self), frame.queryLength - 1)
      let band = Band(frame)

      var endKey = frame.keyLength
      var hiddenFrom = frame.keyLength
      if let band {
        endKey = .minimum(endKey, lastQuery + band.right + 1)
        hiddenFrom = .minimum(hiddenFrom, firstQuery + band.right + 1)
      }
      self.hiddenFrom = hiddenFrom
      // A last key before the first one leaves no block.
      let endBlock = (Value<S32>.maximum(endKey, 0) + (keys - 1)) / keys
      self.endBlock = endBlock
      firstBlock = band?.left.map { [firstQuery] left in .minimum(.maximum(firstQuery - left, 0) / keys, endBlock) }
      hiddenBefore = band?.left.map { lastQuery - $0 }
    }
  }

  /// Whether some row may not see some key of the block that begins at `firstKey`.
  func hidesSome(ofBlockAt firstKey: Value<S32>) -> Predicate {
    let hidesEnd = firstKey + keys .> hiddenFrom
    return hiddenBefore.map { hidesEnd .| (firstKey .< $0) } ?? hidesEnd
  }
}

/// The bounds of the band, from a query's number to the keys that it sees.
struct Band {
  /// What is added to a query's number for the last key.
  let right: Value<S32>
  /// What is subtracted from it for the first key; nil without a bound.
  let left: Value<S32>?

  init?(_ frame: ForwardFrame) {
    guard frame.kernel.band != .full else { return nil }
    let diagonal = frame.parameter(.diagonal, S32.self)
    right = diagonal + frame.parameter(.right, S32.self)
    left = frame.kernel.band == .both ? frame.parameter(.left, S32.self) - diagonal : nil
  }
}
