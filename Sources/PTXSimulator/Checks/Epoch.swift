/// An access to shared memory: who, at what time, by which instruction.
///
/// Who is a component of a ``VectorClock``: a thread, a barrier at which bulk copies complete, or the matrix unit of a
/// warpgroup. An access that has not ended has a component of its own kind, and the number of its operation as its
/// time.
struct Epoch: Equatable {
  private let bits: UInt64

  static let none = Epoch(bits: 0)
  /// The component of writes by copies that threads have not waited for.
  static let copyInFlight = 4095
  /// The component of reads by bulk stores that threads have not waited for.
  static let storeInFlight = 4094
  /// One more than the greatest component of a vector clock.
  static let componentLimit = 4000
  /// One more than the greatest number of an instruction.
  static let instructionLimit = 1 << 19

  private init(bits: UInt64) { self.bits = bits }

  @inline(__always)
  init(component: Int, clock: UInt32, instruction: Int, isAtomic: Bool = false) {
    bits =
      UInt64(component) << 52 | (isAtomic ? 1 << 51 : 0) | UInt64(instruction) << 32 | UInt64(clock)
  }

  @inline(__always) var isNone: Bool { bits == 0 }
  @inline(__always) var component: Int { Int(bits >> 52) }
  @inline(__always) var clock: UInt32 { UInt32(truncatingIfNeeded: bits) }
  @inline(__always) var isAtomic: Bool { bits >> 51 & 1 == 1 }
  @inline(__always) var instruction: Int { Int(bits >> 32 & 0x7_ffff) }
}
