/// In which order the warps of a grid run.
public enum Schedule: Sendable, Hashable {
  /// A few instructions of each warp in turn.
  case roundRobin
  /// One warp as far as it can, the first one that can first.
  case greedyAscending
  /// One warp as far as it can, the last one that can first.
  case greedyDescending
  /// Any warp for any number of instructions.
  case random(seed: UInt64)

  /// One of each kind.
  public static let all: [Schedule] = [.roundRobin, .greedyAscending, .greedyDescending, .random(seed: 1)]
}

/// When asynchronous operations happen.
public enum Delivery: Sendable, Hashable, CaseIterable {
  /// When nothing can go on without, the newest first.
  case late
  /// When nothing can go on without, the oldest first.
  case lateInOrder
  /// At once.
  case immediate
  /// At any time.
  case random
}

/// How a launch runs.
public struct LaunchOptions: Sendable {
  public var schedule: Schedule
  public var delivery: Delivery
  /// How many blocks run at the same time.
  public var residentBlocks: Int
  /// How many instructions a warp may run.
  public var instructionBudget: Int
  /// Whether accesses are checked for an order between them.
  public var checksOrder: Bool
  /// Whether bulk copies need a fence behind the initialisation of their barrier, as the PTX ISA has it. Compilers
  /// leave it out.
  public var requiresBarrierFence: Bool
  /// What `%nsmid` says.
  public var multiprocessorCount: Int

  public init(
    schedule: Schedule = .roundRobin, delivery: Delivery = .late, residentBlocks: Int = 8,
    instructionBudget: Int = 20_000_000, checksOrder: Bool = true, requiresBarrierFence: Bool = true,
    multiprocessorCount: Int = 132
  ) {
    self.schedule = schedule
    self.delivery = delivery
    self.residentBlocks = residentBlocks
    self.instructionBudget = instructionBudget
    self.checksOrder = checksOrder
    self.requiresBarrierFence = requiresBarrierFence
    self.multiprocessorCount = multiprocessorCount
  }
}

/// What a kernel gets for a parameter.
public enum KernelArgument: Sendable {
  case pointer(DeviceBuffer)
  case uint32(UInt32)
  case int32(Int32)
  case uint64(UInt64)
  case float(Float)
  case double(Double)
  case tensorMap(TensorMapDescription)
  /// The bytes of a parameter of any type.
  case bytes([UInt8])

  var bytes: [UInt8] {
    func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
      withUnsafeBytes(of: number.littleEndian, Array.init)
    }
    switch self {
    case .pointer(let buffer): return little(buffer.address)
    case .uint32(let number): return little(number)
    case .int32(let number): return little(number)
    case .uint64(let number): return little(number)
    case .float(let number): return little(number.bitPattern)
    case .double(let number): return little(number.bitPattern)
    case .tensorMap(let map): return map.bytes
    case .bytes(let bytes): return bytes
    }
  }
}
