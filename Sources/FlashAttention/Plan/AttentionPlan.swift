/// How a call will be computed: back end, instruction set, tiles and threads, and what that will cost.
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
  /// The back end that was chosen.
  public let backend: Backend
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

  /// Makes the plan of a call.
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the back end or instruction set that was asked for cannot
  ///   serve the call, and ``AttentionError/invalidArgument(_:was:expected:)`` for a thread count below 1.
  public init(
    _ descriptor: AttentionDescriptor, _ direction: AttentionDirection = .forward,
    options: ExecutionOptions = ExecutionOptions(), processor: Processor = .current
  ) throws {
    if let threads = options.threads, threads < 1 {
      throw AttentionError.invalidArgument("threads", was: "\(threads)", expected: "at least 1")
    }
    if let set = options.instructionSet, let reason = processor.refusals[set] {
      throw AttentionError.unavailable("instruction set \(set.rawValue)", reason: reason)
    }
    let instructionSet = options.instructionSet ?? processor.bestInstructionSet(for: descriptor.elementType)

    // In order of preference: flash attention is never slower than standard attention and never needs more memory.
    var refusals: [Refusal] = []
    var chosen: Backend?
    for backend in [Backend.cpu, .standard] {
      if let wanted = options.backend, wanted != backend {
        refusals.append(Refusal(backend: backend, reason: "\(wanted.rawValue) was asked for"))
      } else if let reason = Self.refusal(of: backend, descriptor, direction, processor) {
        if options.backend == backend {
          throw AttentionError.unavailable("back end \(backend.rawValue)", reason: reason)
        }
        refusals.append(Refusal(backend: backend, reason: reason))
      } else if chosen == nil {
        chosen = backend
      } else {
        refusals.append(Refusal(backend: backend, reason: "it stores the score matrix; cpu serves the call"))
      }
    }
    guard let chosen else {
      throw AttentionError.unavailable("attention", reason: refusals.map(\.reason).joined(separator: "; "))
    }

    self.descriptor = descriptor
    self.direction = direction
    self.backend = chosen
    self.instructionSet = instructionSet
    self.refusals = refusals
    self.processor = processor
    let wanted = min(options.threads ?? processor.cores, Self.payingThreads(descriptor, direction))
    tiles = TileShape.shape(
      chosen, direction, descriptor, laneGroupWidth: Self.laneGroupWidth(instructionSet), threads: wanted,
      level2Cache: processor.level2Cache)
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
    case .avx512, .avx512bf16: 48
    }
  }

  private static func refusal(
    of backend: Backend, _ descriptor: AttentionDescriptor, _ direction: AttentionDirection, _ processor: Processor
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
}
