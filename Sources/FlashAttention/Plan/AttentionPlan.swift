/// How a call will be computed on the processor: back end, instruction set, tiles and threads, and what that will cost.
/// The plan of a call on a CUDA device is a ``CUDAAttentionPlan``.
///
/// A plan is a pure function of what is asked, the machine and the options; making one computes no attention. Its
/// ``description`` explains it.
public struct AttentionPlan: Sendable, Hashable {
  /// A back end that does not serve the call, and why.
  public struct Refusal: Sendable, Hashable {
    /// The back end.
    public let backend: Backend
    /// The reason, as a clause.
    public let reason: String
  }

  /// What is asked.
  public let descriptor: AttentionDescriptor
  /// Forward or backward.
  public let direction: AttentionDirection
  /// The back end that was chosen: one that computes on the processor.
  public var backend: Backend { processorBackend.backend }
  /// The instruction set of its kernels.
  public let instructionSet: InstructionSet
  /// The number of threads that there is work for, at most as many as were asked for.
  public let threads: Int
  /// The blocks in which the kernels walk.
  public let tiles: TileShape
  /// The back ends that were not chosen, with the reasons.
  public let refusals: [Refusal]
  /// The machine that the plan was made for.
  public let processor: Processor

  let processorBackend: ProcessorBackend

  /// Makes the plan of a call.
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the back end or instruction set that was asked for
  ///   cannot serve the call, and ``AttentionError/invalidArgument(_:was:expected:)`` for a thread count below 1.
  public init(
    _ descriptor: AttentionDescriptor, _ direction: AttentionDirection = .forward,
    options: ExecutionOptions = ExecutionOptions(), processor: Processor = .current
  ) throws {
    try self.init(descriptor, direction, options: options, processor: processor, deviceRefusal: nil)
  }

  /// Makes the plan of a call, with the reason why the machine has no CUDA device to use, where that is known. Devices
  /// are not searched for here, so that a plan for the processor stays free of the driver.
  package init(
    _ descriptor: AttentionDescriptor, _ direction: AttentionDirection, options: ExecutionOptions,
    processor: Processor = .current, deviceRefusal: String?
  ) throws {
    try options.check()
    if let set = options.instructionSet, let reason = processor.refusals[set] {
      throw AttentionError.unavailable("instruction set \(set.rawValue)", reason: reason)
    }
    let instructionSet = options.instructionSet ?? processor.bestInstructionSet(for: descriptor, direction: direction)

    // In order of preference: flash attention is never slower than standard attention and never needs more memory.
    var refusals: [Refusal] = []
    var chosen: ProcessorBackend?
    for candidate in ProcessorBackend.allCases {
      let backend = candidate.backend
      if let wanted = options.backend, wanted != backend {
        refusals.append(Refusal(backend: backend, reason: "\(wanted.rawValue) was asked for"))
      } else if let reason = Self.refusal(of: candidate, descriptor, direction, processor) {
        if options.backend == backend {
          throw AttentionError.unavailable("back end \(backend.rawValue)", reason: reason)
        }
        refusals.append(Refusal(backend: backend, reason: reason))
      } else if chosen == nil {
        chosen = candidate
      } else {
        refusals.append(Refusal(backend: backend, reason: "it stores the score matrix; cpu serves the call"))
      }
    }
    refusals.append(
      Refusal(backend: .cuda, reason: try Self.deviceRefusal(descriptor, direction, options.backend, deviceRefusal)))
    guard let chosen else {
      throw AttentionError.unavailable("attention", reason: refusals.map(\.reason).joined(separator: "; "))
    }

    self.descriptor = descriptor
    self.direction = direction
    processorBackend = chosen
    self.instructionSet = instructionSet
    self.refusals = refusals
    self.processor = processor
    let wanted = min(options.threads ?? processor.cores, Self.payingThreads(descriptor, direction))
    tiles = TileShape.shape(
      chosen, direction, descriptor, laneGroupWidth: Self.laneGroupWidth(instructionSet),
      matrixUnitParts: instructionSet.matrixUnitParts(descriptor, chosen, direction), threads: wanted,
      processor: processor)
    threads = max(1, min(wanted, Self.itemCount(direction, descriptor.shape, tiles)))
  }

  private static func itemCount(_ direction: AttentionDirection, _ shape: AttentionShape, _ tiles: TileShape) -> Int {
    switch direction {
    case .forward: ForwardSchedule(shape, tiles).count
    case .backward: BackwardSchedule(shape, keyBlock: tiles.keyBlock, team: 1).count
    }
  }

  /// Three vectors of fp32: the width of the kernels' main register tile.
  static func laneGroupWidth(_ set: InstructionSet) -> Int {
    switch set {
    case .portable: 12
    case .avx2: 24
    case .avx512, .avx512bf16, .amx: 48
    }
  }

  private static func refusal(
    of backend: ProcessorBackend, _ descriptor: AttentionDescriptor, _ direction: AttentionDirection,
    _ processor: Processor
  ) -> String? {
    switch backend {
    case .cpu:
      return nil
    case .standard:
      let needed = AttentionCost.standardMatrixBytes(descriptor.shape, direction)
      guard let needed, needed <= processor.memory / 5 * 4 else {
        let amount = needed.map(ByteCount.description) ?? "more than 2^63 bytes"
        return "its score matrices need \(amount) of the machine's \(ByteCount.description(processor.memory))"
      }
      return nil
    }
  }

  /// Why a call on tensors in the machine's memory is not computed on a CUDA device.
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where it was asked for: its plan is none of the processor.
  private static func deviceRefusal(
    _ descriptor: AttentionDescriptor, _ direction: AttentionDirection, _ wanted: Backend?, _ deviceRefusal: String?
  ) throws -> String {
    let reason = CUDAAttentionPlan.refusal(of: descriptor, direction) ?? deviceRefusal
    switch wanted {
    case .cuda?: throw CUDAAttentionPlan.unavailable(reason ?? "its plan is a CUDAAttentionPlan")
    case let wanted?: return "\(wanted.rawValue) was asked for"
    case nil: return reason ?? "the tensors are in the machine's memory; asked for by name, it copies them"
    }
  }
}
