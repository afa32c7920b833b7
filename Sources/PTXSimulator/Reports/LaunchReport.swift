/// What a launch did.
public struct LaunchReport: Sendable, Equatable {
  /// The number of instructions that warps ran, by their class.
  public fileprivate(set) var instructions: [OpcodeClass: Int]
  /// The number of instructions that threads ran.
  public fileprivate(set) var laneInstructions: Int
  /// Bytes that loads read from global memory.
  public fileprivate(set) var globalLoadBytes: Int
  /// Bytes that `cp.async` read from global memory.
  public fileprivate(set) var globalAsyncLoadBytes: Int
  /// Bytes that bulk copies read from global memory, without those outside of tensors.
  public fileprivate(set) var globalBulkLoadBytes: Int
  /// Bytes that stores wrote to global memory.
  public fileprivate(set) var globalStoreBytes: Int
  /// Bytes that bulk copies wrote to global memory, or added to it.
  public fileprivate(set) var globalBulkStoreBytes: Int
  /// Bytes of global memory that atomic operations changed.
  public fileprivate(set) var globalAtomicBytes: Int

  /// All bytes that were read from global memory, atomic operations aside.
  public var allLoadedBytes: Int { globalLoadBytes + globalAsyncLoadBytes + globalBulkLoadBytes }
  /// All bytes that were written to global memory, atomic operations aside.
  public var allStoredBytes: Int { globalStoreBytes + globalBulkStoreBytes }
}

/// Counts while a launch runs.
struct LaunchCounts {
  private let classes: UnsafeMutablePointer<Int>
  private(set) var laneInstructions = 0
  var globalLoadBytes = 0
  var globalAsyncLoadBytes = 0
  var globalBulkLoadBytes = 0
  var globalStoreBytes = 0
  var globalBulkStoreBytes = 0
  var globalAtomicBytes = 0

  init() {
    classes = .allocate(capacity: OpcodeClass.allCases.count)
    classes.initialize(repeating: 0, count: OpcodeClass.allCases.count)
  }

  func deallocate() { classes.deallocate() }

  @inline(__always)
  mutating func add(_ opcodeClass: OpcodeClass, lanes: UInt32) {
    classes[opcodeClass.rawValue] += 1
    laneInstructions += lanes.nonzeroBitCount
  }

  var report: LaunchReport {
    var instructions: [OpcodeClass: Int] = [:]
    for opcodeClass in OpcodeClass.allCases where classes[opcodeClass.rawValue] > 0 {
      instructions[opcodeClass] = classes[opcodeClass.rawValue]
    }
    return LaunchReport(
      instructions: instructions, laneInstructions: laneInstructions, globalLoadBytes: globalLoadBytes,
      globalAsyncLoadBytes: globalAsyncLoadBytes, globalBulkLoadBytes: globalBulkLoadBytes,
      globalStoreBytes: globalStoreBytes, globalBulkStoreBytes: globalBulkStoreBytes,
      globalAtomicBytes: globalAtomicBytes)
  }
}
