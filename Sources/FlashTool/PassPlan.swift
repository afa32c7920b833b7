import FlashAttention

/// The plan of a pass, on the processor or on a device.
enum PassPlan {
  /// The plan on the processor, and that of the pass before it which is reported with it.
  case processor(AttentionPlan, after: AttentionPlan? = nil)
  case device(CUDAAttentionPlan)

  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the back end that was asked for cannot serve the pass.
  init(_ descriptor: AttentionDescriptor, _ direction: AttentionDirection, options: ExecutionOptions) throws {
    if options.backend == .cuda {
      // What no device can do is said before one is looked for.
      try CUDAAttentionPlan.check(descriptor, direction)
      self = .device(try CUDAAttentionPlan(descriptor, on: CUDADeviceTraits(CUDADevices.device())))
    } else {
      self = .processor(try AttentionPlan(descriptor, direction, options: options))
    }
  }

  var descriptor: AttentionDescriptor {
    switch self {
    case .processor(let plan, _): plan.descriptor
    case .device(let plan): plan.descriptor
    }
  }

  var direction: AttentionDirection {
    switch self {
    case .processor(let plan, _): plan.direction
    case .device: .forward
    }
  }

  var backend: Backend {
    switch self {
    case .processor(let plan, _): plan.backend
    case .device: .cuda
    }
  }

  /// The same plan, reported together with the pass before it.
  func after(_ earlier: PassPlan) -> PassPlan {
    if case .processor(let plan, _) = self, case .processor(let earlier, _) = earlier {
      return .processor(plan, after: earlier)
    }
    return self
  }

  /// The instruction set of the kernels, as the tool and PTX name it; where two passes have different ones, both, as in
  /// `amx+avx512`.
  var instructionSet: String {
    switch self {
    case .processor(let plan, let earlier?) where earlier.instructionSet != plan.instructionSet:
      "\(earlier.instructionSet.rawValue)+\(plan.instructionSet.rawValue)"
    case .processor(let plan, _): plan.instructionSet.rawValue
    case .device(let plan): plan.instructionSet
    }
  }

  /// The threads of the processor that compute; none where a device does.
  var threads: Int {
    switch self {
    case .processor(let plan, _): plan.threads
    case .device: 0
    }
  }

  /// What computes, in words.
  var place: String {
    switch self {
    case .processor(let plan, _): plan.threads == 1 ? "1 thread" : "\(plan.threads) threads"
    case .device(let plan): plan.device.name
    }
  }

  /// Memory beyond inputs and results, in that of whatever computes.
  var extraBytes: Int {
    switch self {
    case .processor(let plan, _): plan.cost.extraBytes
    case .device(let plan): plan.workspaceBytes
    }
  }
}
