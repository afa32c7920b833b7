// Bulk copies (PTX ISA, "cp.async.bulk" and "cp.async.bulk.tensor").
extension Warp {
  func bulkCopy(_ o: BulkCopyOperation, _ lanes: UInt32) throws {
    try requireDefined(o.shared, lanes)
    try requireDefined(o.global, lanes)
    try forEachLane(lanes) { lane in
      let tile = try tile(o, lane)
      switch o.kind {
      case .toShared: try load(tile, o, lane)
      case .toGlobal, .reduceToGlobal: try store(tile, o, lane)
      }
    }
  }

  private func tile(_ o: BulkCopyOperation, _ lane: Int) throws -> BulkTile {
    if o.coordinates.count == 0 {
      try requireDefined(o.byteCount, 1 << UInt32(lane), "the number of bytes")
      let bytes = Int(registers.row(o.byteCount)[lane])
      guard bytes > 0, bytes % 16 == 0 else {
        throw Fault(.misaligned, lane: lane, "\(bytes) bytes are not a multiple of 16")
      }
      let global = address(o.global, lane)
      if global % 16 != 0 { throw Fault(.misaligned, lane: lane, "\(hexadecimal(global)) is not a multiple of 16") }
      let place = try sharedAddress(o.shared, lane, bytes: bytes, alignment: 16)
      return BulkTile(global: global, shared: place, byteCount: bytes, type: o.type)
    }
    let map = try tensorMap(o.global, lane)
    guard map.rank == Int(o.coordinates.count) else {
      throw Fault(.invalidOperand, lane: lane, "\(o.coordinates.count) coordinates for a tensor of \(map.rank) axes")
    }
    var coordinates: [Int] = []
    for index in 0..<Int(o.coordinates.count) {
      let row = kernel.pool[Int(o.coordinates.start) + index]
      try requireDefined(row, 1 << UInt32(lane), "a coordinate")
      coordinates.append(Int(Int32(bitPattern: registers.row(row)[lane])))
    }
    let place = try sharedAddress(o.shared, lane, bytes: map.tileBytes, alignment: 128)
    return BulkTile(map, at: coordinates, shared: place)
  }

  private func tensorMap(_ operand: AddressOperand, _ lane: Int) throws -> TensorMapDescription {
    var address = address(operand, lane)
    // The address of a parameter may also be one within its space.
    if address >= AddressWindow.param { address -= AddressWindow.param }
    if address % 64 != 0 { throw Fault(.misaligned, lane: lane, "the tensor map's address is not a multiple of 64") }
    let bytes: UnsafeRawPointer
    if address + 128 <= UInt64(block.grid.parameters.count) {
      bytes = UnsafeRawPointer(block.grid.parameterBytes + Int(address))
    } else {
      let (region, place) = try globalPlace(address, lane, bytes: 128, alignment: 64)
      bytes = UnsafeRawPointer(region.bytes + place)
    }
    guard let map = TensorMapDescription(bytes) else {
      throw Fault(.invalidOperand, lane: lane, "there is no tensor map at this address")
    }
    return map
  }

  // MARK: Into shared memory

  private func load(_ tile: BulkTile, _ o: BulkCopyOperation, _ lane: Int) throws {
    try requireDefined(o.barrier, 1 << UInt32(lane))
    let barrier = try block.memoryBarrier(
      at: try sharedAddress(o.barrier, lane, bytes: 8, alignment: 8), lane: lane)
    try block.checkVisibleToCopies(barrier, self, lane)
    let mark = Epoch(component: Epoch.copyInFlight, clock: block.newCopy(), instruction: counter)
    let accessor = accessor(lane)
    var sources: [(region: MemoryRegion, place: Int)?] = []
    for row in tile.rows {
      if row.valid.isEmpty {
        sources.append(nil)
      } else {
        let source = try globalPlace(row.global, lane, bytes: row.valid.count, alignment: 1)
        try noteGlobalRead(source.0, source.1, row.valid.count, lane)
        block.grid.counts.globalBulkLoadBytes += row.valid.count
        sources.append(source)
      }
      try tile.forEachChunk(of: row) { _, place, count in
        try block.refuseBarrier(place, count, lane)
        if block.grid.options.checksOrder {
          try block.shared.checkAsyncWrite(place, count, accessor)
        } else {
          try block.shared.checkInFlight(place, count, lane: lane)
        }
        block.shared.setWrites(place..<(place + count), to: mark)
        (block.shared.defined + place).update(repeating: 0, count: count)
      }
    }
    let state = block.memoryBarriers[barrier]
    let epoch = Epoch(
      component: block.layout.barrier(barrier), clock: state.earlierPhases + state.phase + 1, instruction: counter)
    try block.begin(
      OutstandingWork(
        kind: .bulkLoad(
          BulkLoad(
            tile: tile, barrier: barrier, mark: mark, epoch: epoch, byteCount: tile.byteCount, sources: sources)),
        warp: index, instruction: counter))
  }

  // MARK: Out of shared memory

  private func store(_ tile: BulkTile, _ o: BulkCopyOperation, _ lane: Int) throws {
    let mark = Epoch(component: Epoch.storeInFlight, clock: block.newCopy(), instruction: counter)
    let accessor = accessor(lane)
    var targets: [(region: MemoryRegion, place: Int)?] = []
    var shared: [Range<Int>] = []
    for row in tile.rows {
      try tile.forEachChunk(of: row) { offset, place, count in
        let valid = row.valid.clamped(to: offset..<(offset + count))
        let from = place + valid.lowerBound - offset
        if !valid.isEmpty && !block.shared.isDefined(from, valid.count) {
          throw Fault(
            .undefinedValue, lane: lane, "\(valid.count) bytes at \(hexadecimal(from)) of shared memory have no value")
        }
        if block.grid.options.checksOrder {
          try block.shared.checkAsyncRead(place, count, accessor)
        } else {
          try block.shared.checkInFlight(place, count, lane: lane)
        }
        block.shared.setReads(place..<(place + count), to: mark)
        shared.append(place..<(place + count))
      }
      if row.valid.isEmpty {
        targets.append(nil)
        continue
      }
      let target = try globalPlace(row.global, lane, bytes: row.valid.count, alignment: 1)
      try requireWritable(target.0, lane)
      try noteGlobalWrite(target.0, target.1, row.valid.count, lane, isStrong: o.kind == .reduceToGlobal) {
        o.kind == .toGlobal && isSame(tile, row, target.0, target.1)
      }
      block.grid.counts.globalBulkStoreBytes += row.valid.count
      targets.append(target)
    }
    let memory = block.shared
    let reduction = o.kind == .reduceToGlobal ? AtomicOperation.Kind(rawValue: o.reduction.rawValue) : nil
    let copy = ThreadCopy(shared: shared, mark: mark, instruction: counter) {
      for (row, target) in zip(tile.rows, targets) {
        guard let target else { continue }
        tile.forEachChunk(of: row) { offset, place, count in
          let valid = row.valid.clamped(to: offset..<(offset + count))
          if valid.isEmpty { return }
          let from = memory.bytes + place + valid.lowerBound - offset
          let to = target.place + valid.lowerBound - row.valid.lowerBound
          if let reduction {
            Self.reduce(from, into: target.region.bytes + to, valid.count, reduction, tile.type)
          } else {
            (target.region.bytes + to).copyMemory(from: from, byteCount: valid.count)
          }
          (target.region.defined + to).update(repeating: 1, count: valid.count)
        }
      }
    }
    copies.note()
    if block.grid.scheduler.deliversNow() { copy.deliver() }
    copies.stores[lane].open.append(copy)
    block.grid.progress += 1
  }

  /// Whether memory holds what a row will write, once copies under way have come.
  private func isSame(_ tile: BulkTile, _ row: BulkTile.Row, _ region: MemoryRegion, _ place: Int) -> Bool {
    for warp in block.warps { warp.copies.deliverStores() }
    var isSame = true
    tile.forEachChunk(of: row) { offset, from, count in
      for byte in row.valid.clamped(to: offset..<(offset + count)) {
        let old = region.bytes.load(fromByteOffset: place + byte - row.valid.lowerBound, as: UInt8.self)
        if old != block.shared.bytes.load(fromByteOffset: from + byte - offset, as: UInt8.self) { isSame = false }
      }
    }
    return isSame
  }

  private static func reduce(
    _ from: UnsafeMutableRawPointer, into target: UnsafeMutableRawPointer, _ bytes: Int, _ kind: AtomicOperation.Kind,
    _ type: PTXType
  ) {
    let size = type.byteCount
    for offset in stride(from: 0, to: bytes, by: size) {
      let (a, b) = (bits(target + offset, type), bits(from + offset, type))
      var result: UInt64
      switch kind {
      case .and: result = a & b
      case .or: result = a | b
      case .xor: result = a ^ b
      case .inc: result = a >= b ? 0 : a + 1
      case .dec: result = a == 0 || a > b ? b : a - 1
      default: result = Reduction.combine(kind, type, a, b)
      }
      (target + offset).copyMemory(from: &result, byteCount: size)
    }
  }

  func commitBulk(_ lanes: UInt32) {
    copies.note()
    forEachLane(lanes) { copies.stores[$0].commit() }
  }

  /// Waits for copies out of shared memory. That they have read it and that they have written global memory is one
  /// event here.
  func waitBulk(_ pending: Int, _ lanes: UInt32) {
    forEachLane(lanes) { lane in
      for copy in copies.stores[lane].takeAll(but: pending) {
        copy.deliver()
        let epoch = Epoch(component: index * 32 + lane, clock: clocks.now, instruction: copy.instruction)
        for bytes in copy.shared { block.shared.replaceReads(bytes, marked: copy.mark, by: epoch) }
      }
    }
  }
}
