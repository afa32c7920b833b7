import FlashAttention

/// The plan of a pass, on the processor or on a device.
enum PassPlan {
  case processor(AttentionPlan)
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
    case .processor(let plan): plan.descriptor
    case .device(let plan): plan.descriptor
    }
  }

  var direction: AttentionDirection {
    switch self {
    case .processor(let plan): plan.direction
    case .device: .forward
    }
  }

  var backend: Backend {
    switch self {
    case .processor(let plan): plan.backend
    case .device: .cuda
    }
  }

  /// The instruction set of the kernels, as the tool and PTX name it.
  var instructionSet: String {
    switch self {
    case .processor(let plan): plan.instructionSet.rawValue
    case .device(let plan): plan.instructionSet
    }
  }

  /// The threads of the processor that compute; none where a device does.
  var threads: Int {
    switch self {
    case .processor(let plan): plan.threads
    case .device: 0
    }
  }

  /// What computes, in words.
  var place: String {
    switch self {
    case .processor(let plan): plan.threads == 1 ? "1 thread" : "\(plan.threads) threads"
    case .device(let plan): plan.device.name
    }
  }

  /// Memory beyond inputs and results, in that of whatever computes.
  var extraBytes: Int {
    switch self {
    case .processor(let plan): plan.cost.extraBytes
    case .device(let plan): plan.workspaceBytes
    }
  }
}
