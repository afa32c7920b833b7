import PTX

/// Which blocks of keys the rows of a tile see, and which of those hold positions that some row may not see.
struct KeyRange {
  /// In blocks of the tile's keys; `first ≤ end`.
  let first: Value<S32>
  let end: Value<S32>
  /// The keys from here on are hidden from some row.
  private let hiddenFrom: Value<S32>
  /// The keys before it are hidden from some row.
  private let hiddenBefore: Value<S32>?
  private let keys: Int

  init(_ frame: ForwardFrame, _ item: WorkItem) {
    let kernel = frame.kernel
    keys = kernel.tile.keys
    let heads = kernel.headsPerTile
    let firstQuery = (item.firstRow / heads).bits(as: S32.self)
    let lastQuery = Value<S32>.minimum(
      ((item.firstRow + (kernel.tile.rows - 1)) / heads).bits(as: S32.self), frame.queryLength - 1)
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
    var firstBlock: Value<S32> = 0
    if let left = band?.left {
      firstBlock = .minimum(.maximum(firstQuery - left, 0) / keys, endBlock)
      hiddenBefore = lastQuery - left
    } else {
      hiddenBefore = nil
    }

    guard kernel.isSplit else {
      first = firstBlock
      end = endBlock
      return
    }
    // Equal parts, but for the last ones, which may be smaller or empty.
    let splits = item.splits.bits(as: S32.self)
    let part = (endBlock - firstBlock + splits - 1) / splits
    first = .minimum(firstBlock + item.split.bits(as: S32.self) * part, endBlock)
    end = .minimum(first + part, endBlock)
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
