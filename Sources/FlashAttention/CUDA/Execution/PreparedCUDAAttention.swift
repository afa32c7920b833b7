import CUDADriver

/// A plan with its kernels loaded and its memory for partial results, ready to be queued on a stream again and again.
///
/// It has one owner. Its calls are queued in order on the stream that it was prepared for, so that the memory for
/// partial results serves one after the other.
public struct PreparedCUDAAttention: ~Copyable, Sendable {
  /// The plan.
  public let plan: CUDAAttentionPlan
  /// The stream that calls are queued on.
  public let stream: CUDAStream

  private let kernels: [KernelFunction]
  private let workspace: DeviceBuffer
  private let addresses: [AddressArgument]
  /// The operands of the last call.
  private var bound: CUDAOperands?
  private var main: BoundLaunch?
  private var merging: BoundLaunch?

  fileprivate init(
    _ plan: CUDAAttentionPlan, on stream: CUDAStream, kernels: [KernelFunction], workspace: DeviceBuffer,
    addresses: [AddressArgument]
  ) {
    self.plan = plan
    self.stream = stream
    self.kernels = kernels
    self.workspace = workspace
    self.addresses = addresses
  }

  /// Queues the call. Operands are read and written when the stream gets there.
  ///
  /// A call with the operands of the last one allocates nothing and takes no lock, and neither does one with the same
  /// strides at other addresses, unless the plan uses warpgroups: these find tiles by maps, each of which the driver
  /// encodes anew for a new address.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the operand that does not fit the plan,
  ///   and ``AttentionError/deviceFailure(_:reason:)`` where the driver refuses.
  public mutating func enqueue(_ operands: CUDAOperands) throws(AttentionError) {
    if plan.isEmpty { return }
    var operands = operands
    if plan.descriptor.shape.keyLength == 0 {
      // They may have no address, which maps must have. It is never read.
      operands.keys.pointer = operands.queries.pointer
      operands.values.pointer = operands.queries.pointer
    }
    if operands != bound { try bind(operands) }
    try main?.enqueue(on: stream)
    try merging?.enqueue(on: stream)
  }

  private mutating func bind(_ operands: CUDAOperands) throws(AttentionError) {
    try plan.check(operands)
    let previous = bound
    // Where something fails half-way, the next call begins anew.
    bound = nil
    if let previous, !plan.usesWarpgroups, operands.hasStrides(of: previous) {
      passAddresses(operands)
    } else {
      try passAll(operands)
    }
    bound = operands
  }

  private mutating func passAddresses(_ operands: CUDAOperands) {
    // Without optimisation the iterator of an array allocates.
    for position in addresses.indices {
      let argument = addresses[position]
      guard let pointer = operands.pointer(of: argument.operand) else { continue }
      switch argument.launch {
      case .main: main?.pass(pointer, at: argument.index)
      case .merging: merging?.pass(pointer, at: argument.index)
      }
    }
  }

  private mutating func passAll(_ operands: CUDAOperands) throws(AttentionError) {
    let launches = plan.launches(operands, workspace: workspace.pointer.rawValue)
    if main == nil {
      main = try BoundLaunch(launches[0], of: kernels[0])
    } else {
      try main?.pass(launches[0])
    }
    guard launches.count > 1 else { return }
    if merging == nil {
      merging = try BoundLaunch(launches[1], of: kernels[1])
    } else {
      try merging?.pass(launches[1])
    }
  }
}

extension CUDAAttentionPlan {
  /// Loads the kernels, assembling those that this process has not assembled yet for the device, and allocates the
  /// call's workspace.
  ///
  /// - Parameter stream: The stream that the calls will be queued on.
  /// - Throws: ``AttentionError/deviceFailure(_:reason:)`` and ``AttentionError/unavailable(_:reason:)`` where the
  ///   driver or the device refuses a kernel, and ``AttentionError/invalidArgument(_:was:expected:)`` for a stream of a
  ///   device that the plan is not for.
  public func prepare(on stream: CUDAStream) throws(AttentionError) -> PreparedCUDAAttention {
    let device = stream.context.device
    guard !usesWarpgroups || device.families.contains(.hopper) else {
      throw .invalidArgument(
        "stream", was: "one of \(device), of compute capability \(device.capability)",
        expected: "one of a device like \(self.device.name), for which the plan was made")
    }
    let kernels = isEmpty ? [] : try CUDAKernelCache.kernels(of: self, in: stream.context)
    let workspace = try DeviceBuffer(byteCount: isEmpty ? 0 : workspaceBytes, on: stream)
    let places = CUDAWorkspace(self)
    if places.counterBytes > 0 && !isEmpty {
      try stream.fill(workspace.span.part(at: places.partialBytes, byteCount: places.counterBytes), with: 0)
    }
    return PreparedCUDAAttention(
      self, on: stream, kernels: kernels, workspace: workspace,
      addresses: isEmpty ? [] : AddressArgument.all(of: self))
  }
}
