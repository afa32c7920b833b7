/// The memory that the threads of a block share, and who accessed it.
final class SharedMemory {
  /// The end of the last variable; the first begins at ``AddressWindow/firstSharedByte``.
  let byteCount: Int
  let bytes: UnsafeMutableRawPointer
  /// For each byte 1 where something has written it, else 0.
  let defined: UnsafeMutablePointer<UInt8>
  /// For every two bytes, who accessed them.
  let granules: UnsafeMutablePointer<SharedGranule>
  /// For every eight bytes the number of the barrier there, or −1.
  let barriers: UnsafeMutablePointer<Int16>

  /// What the components of clocks mean.
  let layout: ClockLayout?

  init(byteCount: Int, layout: ClockLayout?) {
    self.byteCount = byteCount
    self.layout = layout
    bytes = .allocate(byteCount: byteCount + 16, alignment: 128)
    bytes.initializeMemory(as: UInt8.self, repeating: 0xcd, count: byteCount + 16)
    defined = .allocate(capacity: byteCount + 16)
    defined.initialize(repeating: 0, count: byteCount + 16)
    granules = .allocate(capacity: byteCount / 2 + 1)
    granules.initialize(repeating: SharedGranule(), count: byteCount / 2 + 1)
    barriers = .allocate(capacity: byteCount / 8 + 1)
    barriers.initialize(repeating: -1, count: byteCount / 8 + 1)
  }

  deinit {
    bytes.deallocate()
    defined.deallocate()
    granules.deallocate()
    barriers.deallocate()
  }

  /// Refuses addresses that are not within variables.
  @inline(__always)
  func check(_ address: Int, _ count: Int, lane: Int?) throws {
    if address < AddressWindow.firstSharedByte || address + count > byteCount {
      throw Fault(
        .outOfBounds, lane: lane,
        "\(count) bytes at \(hexadecimal(address)) of shared memory, whose variables lie from \(hexadecimal(AddressWindow.firstSharedByte)) to \(hexadecimal(byteCount))"
      )
    }
  }

  /// Whether every byte has been written.
  @inline(__always)
  func isDefined(_ address: Int, _ count: Int) -> Bool {
    for index in address..<(address + count) where defined[index] == 0 { return false }
    return true
  }
}

/// Who wrote two bytes of shared memory last, and who has read them since.
struct SharedGranule {
  var write = Epoch.none
  var read0 = Epoch.none
  var read1 = Epoch.none
  var read2 = Epoch.none
}
