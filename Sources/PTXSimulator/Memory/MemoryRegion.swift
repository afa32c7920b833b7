/// One allocation of device memory.
final class MemoryRegion {
  let name: String
  let base: UInt64
  let byteCount: Int
  let isReadOnly: Bool
  let bytes: UnsafeMutableRawPointer
  /// For each byte 1 where something has written it, else 0.
  let defined: UnsafeMutablePointer<UInt8>
  /// The accesses of the launch that runs, from its first write on.
  private(set) var shadow: UnsafeMutablePointer<GlobalGranule>?

  init(name: String, base: UInt64, byteCount: Int, isReadOnly: Bool) {
    self.name = name
    self.base = base
    self.byteCount = byteCount
    self.isReadOnly = isReadOnly
    bytes = .allocate(byteCount: max(byteCount, 16), alignment: 16)
    bytes.initializeMemory(as: UInt8.self, repeating: 0xcd, count: byteCount)
    defined = .allocate(capacity: max(byteCount, 1))
    defined.initialize(repeating: 0, count: byteCount)
  }

  private var granuleCount: Int { (byteCount + 1) / 2 }

  /// Begins to remember accesses.
  func makeShadow() -> UnsafeMutablePointer<GlobalGranule> {
    if let shadow { return shadow }
    let made = UnsafeMutablePointer<GlobalGranule>.allocate(capacity: max(granuleCount, 1))
    made.initialize(repeating: GlobalGranule(), count: granuleCount)
    shadow = made
    return made
  }

  /// Forgets accesses: a launch is ordered before the next one.
  func dropShadow() {
    shadow?.deallocate()
    shadow = nil
  }

  deinit {
    bytes.deallocate()
    defined.deallocate()
    shadow?.deallocate()
  }
}

/// Who wrote two bytes of device memory last, and who read them.
struct GlobalGranule {
  var write = GlobalEpoch()
  var read = GlobalEpoch()
}

/// An access to device memory.
struct GlobalEpoch {
  /// The block's number plus one; zero for no access.
  var block: UInt32 = 0
  /// The thread's number within its block.
  var thread: UInt16 = 0
  /// Whether the access was atomic, or at least not weak.
  var isStrong = false
  /// The time of the thread's warp.
  var clock: UInt32 = 0
  var instruction: Int32 = 0
}
