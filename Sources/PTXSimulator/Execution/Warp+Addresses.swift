// From operands to places in memory.
extension Warp {
  /// An address of a lane.
  @inline(__always)
  func address(_ operand: AddressOperand, _ lane: Int) -> UInt64 {
    let row = registers.row(operand.row)
    let base = operand.is64 ? UInt64.read(row, lane) : UInt64(row[lane])
    return base &+ UInt64(bitPattern: operand.offset)
  }

  /// Refuses addresses that were computed from nothing.
  @inline(__always)
  func requireDefined(_ operand: AddressOperand, _ lanes: UInt32) throws {
    try requireDefined(operand.row, lanes, "the address")
  }

  @inline(__always)
  func requireDefined(_ row: Row, _ lanes: UInt32, _ what: String) throws {
    let undefined = registers.poison(row) & lanes
    if undefined != 0 {
      throw Fault(.undefinedValue, lane: undefined.trailingZeroBitCount, "\(what) has no value")
    }
  }

  /// An address in shared memory, which may be written as a generic one; checked.
  @inline(__always)
  func sharedAddress(_ operand: AddressOperand, _ lane: Int, bytes: Int, alignment: Int) throws -> Int {
    var address = address(operand, lane)
    if address >= AddressWindow.shared { address -= AddressWindow.shared }
    if address >= AddressWindow.span {
      throw Fault(.outOfBounds, lane: lane, "\(hexadecimal(address)) is not in shared memory")
    }
    let place = Int(address)
    try block.shared.check(place, bytes, lane: lane)
    if place & (alignment - 1) != 0 {
      throw Fault(.misaligned, lane: lane, "\(hexadecimal(place)) is not a multiple of \(alignment)")
    }
    return place
  }

  /// An allocation and the place in it of an address in global memory; checked.
  @inline(__always)
  func globalPlace(_ address: UInt64, _ lane: Int, bytes: Int, alignment: Int) throws -> (MemoryRegion, Int) {
    if address & UInt64(alignment - 1) != 0 {
      throw Fault(.misaligned, lane: lane, "\(hexadecimal(address)) is not a multiple of \(alignment)")
    }
    do {
      let region = try block.grid.memory.region(address, bytes)
      return (region, Int(address - region.base))
    } catch let fault as Fault {
      throw Fault(fault.kind, lane: lane, fault.detail)
    }
  }
}
