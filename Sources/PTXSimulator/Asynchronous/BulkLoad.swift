/// A bulk copy into shared memory that completes at a barrier.
struct BulkLoad {
  let tile: BulkTile
  let barrier: Int
  let mark: Epoch
  /// What the bytes are written by once they have come.
  let epoch: Epoch
  /// The bytes that the barrier counts.
  let byteCount: Int
  /// The allocations of the rows.
  let sources: [(region: MemoryRegion, place: Int)?]
}

extension Block {
  func newCopy() -> UInt32 {
    nextCopy += 1
    return nextCopy
  }

  /// Takes work that happens when the schedule lets it.
  func begin(_ work: OutstandingWork) throws {
    outstanding.append(work)
    if grid.scheduler.deliversNow() { try deliver(outstanding.count - 1) }
  }

  /// Lets outstanding work happen.
  func deliver(_ index: Int) throws {
    let work = outstanding.remove(at: index)
    grid.progress += 1
    do {
      switch work.kind {
      case .bulkLoad(let load):
        complete(load)
        try count(load.barrier, bytes: -load.byteCount, lane: nil)
      case .arrival(let barrier, let copies, let epoch, let told):
        defer { told.deallocate() }
        for copy in copies {
          copy.deliver()
          for bytes in copy.shared { shared.replaceWrites(bytes, marked: copy.mark, by: epoch) }
        }
        memoryBarriers[barrier].arrivals.join(told)
        try arrive(barrier, count: 1, lane: nil)
      }
    } catch let fault as Fault {
      throw grid.error(fault, at: work.instruction, warp: warps[work.warp])
    }
  }

  private func complete(_ load: BulkLoad) {
    let tile = load.tile
    for (row, source) in zip(tile.rows, load.sources) {
      tile.forEachChunk(of: row) { offset, place, count in
        for byte in 0..<count where !row.valid.contains(offset + byte) {
          shared.bytes.storeBytes(
            of: tile.fill[(offset + byte) % tile.fill.count], toByteOffset: place + byte, as: UInt8.self)
          shared.defined[place + byte] = 1
        }
        guard let source else { return }
        let valid = row.valid.clamped(to: offset..<(offset + count))
        if valid.isEmpty { return }
        let target = place + valid.lowerBound - offset
        let from = source.place + valid.lowerBound - row.valid.lowerBound
        (shared.bytes + target).copyMemory(from: source.region.bytes + from, byteCount: valid.count)
        (shared.defined + target).update(from: source.region.defined + from, count: valid.count)
      }
      tile.forEachChunk(of: row) { _, place, count in
        shared.replaceWrites(place..<(place + count), marked: load.mark, by: load.epoch)
      }
    }
  }
}
