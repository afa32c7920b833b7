/// Release and acquire through places in memory (PTX ISA, section 8.9.2, "Synchronizes-with"): a releasing write, or a
/// fence and a relaxed write, and an acquiring read, or a relaxed read and a fence.
final class Synchronization {
  private var messages: [UInt64: ForeignTimes] = [:]

  func release(_ place: UInt64, _ order: AccessOrder, _ warp: Warp, _ lane: Int) {
    guard warp.block.grid.options.checksOrder else { return }
    if order.releases {
      message(place).join(warp.everythingKnown(to: lane))
    } else if let fenced = warp.fences.released[lane] {
      message(place).join(fenced)
    }
  }

  func release(_ place: Int, _ order: AccessOrder, _ warp: Warp, _ lane: Int) {
    release(UInt64(place), order, warp, lane)
  }

  func acquire(_ place: UInt64, _ order: AccessOrder, _ warp: Warp, _ lane: Int) {
    guard let message = messages[place] else { return }
    if order.acquires {
      warp.learn(message, lane)
    } else {
      warp.fences.pending[lane, default: []].append(message)
    }
  }

  func acquire(_ place: Int, _ order: AccessOrder, _ warp: Warp, _ lane: Int) {
    acquire(UInt64(place), order, warp, lane)
  }

  private func message(_ place: UInt64) -> ForeignTimes {
    if let message = messages[place] { return message }
    let message = ForeignTimes()
    messages[place] = message
    return message
  }
}

/// What lanes had done before their last fence, and what they have read and not yet fenced.
struct LaneFences {
  var released: [Int: ForeignTimes] = [:]
  var pending: [Int: [ForeignTimes]] = [:]
}

extension Warp {
  /// All that a lane did and knows, of its own block and of others.
  func everythingKnown(to lane: Int) -> ForeignTimes {
    let told = block.scratch
    told.clear()
    clocks.release(1 << UInt32(lane), into: told)
    let message = ForeignTimes()
    message.join(told.foreign)
    message.join(block.number, UnsafeBufferPointer(start: told.times, count: 2 * block.layout.count))
    return message
  }

  func learn(_ message: ForeignTimes, _ lane: Int) {
    let told = block.scratch
    told.clear()
    if let mine = message.times[block.number] { told.times.update(from: mine, count: mine.count) }
    told.foreign.join(message, except: block.number)
    clocks.acquire(1 << UInt32(lane), from: told, living: living)
  }

  func fence(_ operation: FenceOperation, _ lanes: UInt32) {
    guard block.grid.options.checksOrder else { return }
    switch operation.kind {
    case .nothing: break
    case .asyncProxy: clocks.fenceProxy(lanes, living: living)
    case .barrierInitialisation: block.fenceInitialisation(self, lanes)
    case .threads:
      forEachLane(lanes) { lane in
        for message in fences.pending.removeValue(forKey: lane) ?? [] { learn(message, lane) }
        fences.released[lane] = everythingKnown(to: lane)
      }
    }
  }

  // MARK: Global memory

  /// Whether a lane does something after an access to global memory.
  private func follows(_ epoch: GlobalEpoch, _ lane: Int) -> Bool {
    let number = Int(epoch.block) - 1
    if number == block.number {
      return Int(epoch.thread) == index * 32 + lane
        || clocks.clock(of: lane).times[Int(epoch.thread)] >= epoch.clock
    }
    guard let times = clocks.clock(of: lane).foreign.times[number] else { return false }
    return times[Int(epoch.thread)] >= epoch.clock
  }

  @inline(__always)
  func noteGlobalRead(_ region: MemoryRegion, _ place: Int, _ bytes: Int, _ lane: Int, isStrong: Bool = false) throws {
    guard let shadow = region.shadow else { return }
    try noteGlobalRead(shadow, region, place, bytes, lane, isStrong)
  }

  private func noteGlobalRead(
    _ shadow: UnsafeMutablePointer<GlobalGranule>, _ region: MemoryRegion, _ place: Int, _ bytes: Int, _ lane: Int,
    _ isStrong: Bool
  ) throws {
    if bytes == 1 { return }
    for index in (place >> 1)..<((place + bytes + 1) >> 1) {
      let granule = shadow + index
      let write = granule.pointee.write
      if write.block != 0 && !(isStrong && write.isStrong) && !follows(write, lane) {
        throw globalConflict(region, index, write, "this reads what that wrote", lane)
      }
      granule.pointee.read = epoch(lane, isStrong)
    }
  }

  /// - Parameter isSame: Whether memory already holds what is written, so that the order of writes does not matter.
  func noteGlobalWrite(
    _ region: MemoryRegion, _ place: Int, _ bytes: Int, _ lane: Int, isStrong: Bool = false, _ isSame: () -> Bool
  ) throws {
    guard block.grid.options.checksOrder, bytes > 1 else { return }
    let shadow = region.makeShadow()
    var isKnownSame: Bool?
    func mayDiffer() -> Bool {
      if isKnownSame == nil { isKnownSame = isSame() }
      return isKnownSame == false
    }
    for index in (place >> 1)..<((place + bytes + 1) >> 1) {
      let granule = shadow + index
      let (write, read) = (granule.pointee.write, granule.pointee.read)
      if write.block != 0 && !(isStrong && write.isStrong) && !follows(write, lane) && mayDiffer() {
        throw globalConflict(region, index, write, "this writes what that wrote", lane)
      }
      if read.block != 0 && !(isStrong && read.isStrong) && !follows(read, lane) && mayDiffer() {
        throw globalConflict(region, index, read, "this writes what that reads", lane)
      }
      granule.pointee = GlobalGranule(write: epoch(lane, isStrong))
    }
  }

  private func epoch(_ lane: Int, _ isStrong: Bool) -> GlobalEpoch {
    GlobalEpoch(
      block: UInt32(block.number + 1), thread: UInt16(index * 32 + lane), isStrong: isStrong, clock: clocks.now,
      instruction: Int32(counter))
  }

  private func globalConflict(
    _ region: MemoryRegion, _ granule: Int, _ other: GlobalEpoch, _ what: String, _ lane: Int
  ) -> Fault {
    Fault(
      .race(other: Int(other.instruction)), lane: lane,
      "\(what) in `\(region.name)` at byte \(granule * 2) (block \(other.block - 1), thread \(other.thread)), and nothing orders them"
    )
  }
}
