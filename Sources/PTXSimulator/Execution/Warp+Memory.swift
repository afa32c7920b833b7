// Loads and stores.
extension Warp {
  func load(_ o: AccessOperation, _ lanes: UInt32) throws -> StepResult {
    try requireDefined(o.address, lanes)
    let values = kernel.pool + Int(o.values.start)
    let size = o.type.byteCount
    let bytes = size * Int(o.values.count)
    var poison: UInt32 = 0
    try forEachLane(lanes) { lane in
      var address = address(o.address, lane)
      var space = o.space
      if space == .generic { space = AddressWindow.space(of: address) }
      let source: UnsafeRawPointer
      switch space {
      case .shared:
        let place = try sharedAddress(o.address, lane, bytes: bytes, alignment: bytes)
        try noteSharedRead(place, bytes, lane, isStrong: o.order != .weak)
        if !block.shared.isDefined(place, bytes) { poison |= 1 << UInt32(lane) }
        if o.order.acquires || o.order == .relaxed { block.synchronization.acquire(place, o.order, self, lane) }
        source = UnsafeRawPointer(block.shared.bytes + place)
      case .param:
        if address >= AddressWindow.param { address -= AddressWindow.param }
        guard address + UInt64(bytes) <= block.grid.parameters.count, address % UInt64(bytes) == 0 else {
          throw Fault(.outOfBounds, lane: lane, "\(bytes) bytes at \(address) of the parameters")
        }
        source = UnsafeRawPointer(block.grid.parameterBytes + Int(address))
      default:
        let (region, place) = try globalPlace(address, lane, bytes: bytes, alignment: bytes)
        try noteGlobalRead(region, place, bytes, lane, isStrong: o.order != .weak)
        if !isDefined(region, place, bytes) { poison |= 1 << UInt32(lane) }
        if o.order.acquires || o.order == .relaxed { block.grid.synchronization.acquire(address, o.order, self, lane) }
        block.grid.counts.globalLoadBytes += bytes
        source = UnsafeRawPointer(region.bytes + place)
      }
      for index in 0..<Int(o.values.count) where values[index] != absent {
        let bits = Self.bits(source + index * size, o.type)
        let row = registers.row(values[index])
        if o.areValues64 { bits.write(row, lane) } else { row[lane] = UInt32(truncatingIfNeeded: bits) }
      }
    }
    for index in 0..<Int(o.values.count) where values[index] != absent {
      registers.setPoison(values[index], lanes, poison)
    }
    // Who looks at memory that others write should let them run.
    return o.order == .weak ? .next : .yield
  }

  /// The bits of a number in memory, extended to 64.
  @inline(__always)
  static func bits(_ source: UnsafeRawPointer, _ type: PTXType) -> UInt64 {
    switch type.byteCount {
    case 1:
      let bits = source.loadUnaligned(as: UInt8.self)
      return type.isSigned ? UInt64(bitPattern: Int64(Int8(bitPattern: bits))) : UInt64(bits)
    case 2:
      let bits = source.loadUnaligned(as: UInt16.self)
      return type.isSigned ? UInt64(bitPattern: Int64(Int16(bitPattern: bits))) : UInt64(bits)
    case 4:
      let bits = source.loadUnaligned(as: UInt32.self)
      return type.isSigned ? UInt64(bitPattern: Int64(Int32(bitPattern: bits))) : UInt64(bits)
    default: return source.loadUnaligned(as: UInt64.self)
    }
  }

  @inline(__always)
  func isDefined(_ region: MemoryRegion, _ place: Int, _ bytes: Int) -> Bool {
    for index in place..<(place + bytes) where region.defined[index] == 0 { return false }
    return true
  }

  func store(_ o: AccessOperation, _ lanes: UInt32) throws {
    try requireDefined(o.address, lanes)
    let values = kernel.pool + Int(o.values.start)
    let size = o.type.byteCount
    let bytes = size * Int(o.values.count)
    try forEachLane(lanes) { lane in
      let address = address(o.address, lane)
      var space = o.space
      if space == .generic { space = AddressWindow.space(of: address) }
      if space == .shared {
        let place = try sharedAddress(o.address, lane, bytes: bytes, alignment: bytes)
        try storeShared(o, values, place, bytes, lane)
        return
      }
      let (region, place) = try globalPlace(address, lane, bytes: bytes, alignment: bytes)
      try requireWritable(region, lane)
      for index in 0..<Int(o.values.count) {
        if registers.poison(values[index]) >> UInt32(lane) & 1 == 1 {
          throw Fault(
            .undefinedValue, lane: lane,
            "what is stored to `\(region.name)` at byte \(place + index * size) has no value")
        }
      }
      try noteGlobalWrite(region, place, bytes, lane, isStrong: o.order != .weak) {
        isSame(o, values, region.bytes + place, lane)
      }
      if o.order != .weak { block.grid.synchronization.release(address, o.order, self, lane) }
      write(o, values, to: region.bytes + place, lane)
      (region.defined + place).update(repeating: 1, count: bytes)
      block.grid.counts.globalStoreBytes += bytes
      block.grid.progress += 1
    }
  }

  func requireWritable(_ region: MemoryRegion, _ lane: Int?) throws {
    if region.isReadOnly { throw Fault(.invalidOperand, lane: lane, "`\(region.name)` is only read") }
  }

  private func storeShared(
    _ o: AccessOperation, _ values: UnsafeMutablePointer<Int32>, _ place: Int, _ bytes: Int, _ lane: Int
  ) throws {
    let target = block.shared.bytes + place
    try noteSharedWrite(place, bytes, lane, isStrong: o.order != .weak) { isSame(o, values, target, lane) }
    if o.order != .weak { block.synchronization.release(place, o.order, self, lane) }
    write(o, values, to: target, lane)
    let size = o.type.byteCount
    for index in 0..<Int(o.values.count) {
      let isDefined = registers.poison(values[index]) >> UInt32(lane) & 1 == 0
      (block.shared.defined + place + index * size).update(repeating: isDefined ? 1 : 0, count: size)
    }
    block.grid.progress += 1
  }

  @inline(__always)
  private func element(_ o: AccessOperation, _ row: Row, _ lane: Int) -> UInt64 {
    let row = registers.row(row)
    return o.areValues64 ? UInt64.read(row, lane) : UInt64(row[lane])
  }

  @inline(__always)
  private func write(
    _ o: AccessOperation, _ values: UnsafeMutablePointer<Int32>, to target: UnsafeMutableRawPointer, _ lane: Int
  ) {
    let size = o.type.byteCount
    for index in 0..<Int(o.values.count) {
      var bits = element(o, values[index], lane)
      (target + index * size).copyMemory(from: &bits, byteCount: size)
    }
  }

  private func isSame(
    _ o: AccessOperation, _ values: UnsafeMutablePointer<Int32>, _ target: UnsafeMutableRawPointer, _ lane: Int
  ) -> Bool {
    let size = o.type.byteCount
    for index in 0..<Int(o.values.count) {
      let mask: UInt64 = size == 8 ? .max : (1 << UInt64(8 * size)) - 1
      let type: PTXType = size == 1 ? .u8 : size == 2 ? .u16 : size == 4 ? .u32 : .u64
      if Self.bits(UnsafeRawPointer(target) + index * size, type) != element(o, values[index], lane) & mask {
        return false
      }
    }
    return true
  }

  // MARK: Order

  @inline(__always)
  func noteSharedRead(_ place: Int, _ bytes: Int, _ lane: Int, isStrong: Bool = false) throws {
    try block.refuseBarrier(place, bytes, lane)
    if bytes == 1 {
      try block.shared.checkInFlight(place, lane: lane)
    } else if block.grid.options.checksOrder {
      try block.shared.noteRead(place, bytes, accessor(lane), isAtomic: isStrong)
    } else {
      try block.shared.checkInFlight(place, bytes, lane: lane)
    }
  }

  @inline(__always)
  func noteSharedWrite(
    _ place: Int, _ bytes: Int, _ lane: Int, isStrong: Bool = false, _ isSame: () -> Bool
  ) throws {
    try block.refuseBarrier(place, bytes, lane)
    if bytes == 1 {
      try block.shared.checkInFlight(place, lane: lane)
    } else if block.grid.options.checksOrder {
      try block.shared.noteWrite(place, bytes, accessor(lane), isAtomic: isStrong, isSame: isSame)
    } else {
      try block.shared.checkInFlight(place, bytes, lane: lane)
    }
  }
}
