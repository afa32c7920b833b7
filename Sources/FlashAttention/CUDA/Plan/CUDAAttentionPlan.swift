import CUDAKernels
import PTX

/// How a forward call will be computed on a CUDA device: kernel, tiles, parts of the keys and launches, and what that
/// will cost.
///
/// A plan is a pure function of what is asked, the layout of the operands and the device; making one needs neither a
/// device nor a driver. Its ``description`` explains it, and ``modules`` has the text that the driver will assemble.
public struct CUDAAttentionPlan: Sendable, Hashable {
  /// A way to compute the call that was not chosen, and why.
  public struct Refusal: Sendable, Hashable {
    /// What was not chosen.
    public let alternative: String
    /// The reason, as a clause.
    public let reason: String
  }

  /// What is asked.
  public let descriptor: AttentionDescriptor
  /// The device that the plan was made for.
  public let device: CUDADeviceTraits
  /// How the operands lie in device memory.
  public let layout: CUDARowLayout
  /// The ways that were not chosen, with the reasons.
  public let refusals: [Refusal]

  let choice: ForwardChoice

  /// Makes the plan of a forward call.
  ///
  /// - Parameters:
  ///   - descriptor: What is asked.
  ///   - layout: How the operands lie in device memory; nil for dense ones.
  ///   - device: The device.
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the back end or the device cannot serve the call.
  public init(
    _ descriptor: AttentionDescriptor, layout: CUDARowLayout? = nil, on device: CUDADeviceTraits
  ) throws(AttentionError) {
    let layout = layout ?? CUDARowLayout(dense: descriptor)
    guard let element = HalfType(descriptor.elementType) else {
      throw Self.unavailable(Self.float32Refusal)
    }
    let request = ForwardRequest(
      descriptor, element: element,
      layout: ForwardRequest.RowLayout(layout, allowsMaps: device.warpgroupRefusal == nil))
    if let reason = ForwardChoice.refusal(of: request, on: device.traits) {
      throw Self.unavailable(reason)
    }
    self.descriptor = descriptor
    self.device = device
    self.layout = layout
    choice = ForwardChoice(request, on: device.traits)
    refusals = Self.refusals(choice, descriptor, layout, device)
  }

  /// Why the back end serves no call like this on any device, as a clause; nil where it may.
  static func refusal(of descriptor: AttentionDescriptor, _ direction: AttentionDirection) -> String? {
    if descriptor.elementType == .float32 { return float32Refusal }
    if direction == .backward { return "its gradients are not there yet" }
    return nil
  }

  /// Throws where the back end serves no call like this on any device.
  package static func check(
    _ descriptor: AttentionDescriptor, _ direction: AttentionDirection
  ) throws(AttentionError) {
    if let reason = refusal(of: descriptor, direction) { throw unavailable(reason) }
  }

  private static let float32Refusal = "tensor cores would round fp32 elements to tf32, which has not been asked for"

  static func unavailable(_ reason: String) -> AttentionError {
    .unavailable("back end \(Backend.cuda.rawValue)", reason: reason)
  }
}

extension CUDAAttentionPlan {
  /// The name of the kernel.
  public var kernelName: String { choice.kernel.name }

  /// Rows of queries of a tile, and keys of a step.
  public var tile: (rows: Int, keys: Int) { (choice.kernel.tile.rows, choice.kernel.tile.keys) }

  /// The number of parts that the keys are split into; 1 where they are not.
  public var splits: Int { choice.splits }

  /// How many query heads share the rows of a tile.
  public var headsPerTile: Int { choice.kernel.headsPerTile }

  /// The instruction set of the kernel, as PTX names it: `sm_80` or `sm_90a`.
  public var instructionSet: String { choice.kernel.tile.target.rawValue }

  /// Whether groups of four warps compute, to which bulk copies bring the tiles: compute capability 9.0.
  public var usesWarpgroups: Bool {
    if case .warpgroups = choice.kernel.tile.engine { true } else { false }
  }

  /// Whether there is nothing to compute: no batch, no head or no query.
  public var isEmpty: Bool {
    let shape = descriptor.shape
    return shape.batch == 0 || shape.queryHeads == 0 || shape.queryLength == 0
  }

  /// Blocks of threads of the main launch; 0 where nothing is launched.
  public var blocks: Int { mainLaunch?.blocks ?? 0 }

  /// Threads of a block.
  public var threadsPerBlock: Int { choice.kernel.tile.threads }

  /// Shared memory of a block, in bytes.
  public var sharedBytesPerBlock: Int { choice.kernel.sharedBytes }

  /// The device memory of a call beyond operands and results, in bytes: partial results until they are merged, and
  /// counters.
  public var workspaceBytes: Int { CUDAWorkspace(self).byteCount }

  private var mainLaunch: KernelLaunch? { launches(.dense(descriptor), workspace: 256).first }
}

extension CUDAAttentionPlan {
  /// A module that the call needs.
  public struct Module: Sendable, Hashable {
    /// The name of its kernel.
    public let kernel: String
    /// The PTX text, as the driver assembles it.
    public let text: String
  }

  /// The modules in the order in which their kernels are launched: the one that computes and, where a kernel of its own
  /// merges parts of the keys, that one.
  public var modules: [Module] {
    [Module(kernel: choice.kernel.name, text: choice.kernel.module.text)]
      + (choice.combine.map { [Module(kernel: $0.name, text: $0.module.text)] } ?? [])
  }

  /// The text of all modules, one after the other.
  public var ptx: String { modules.map(\.text).joined(separator: "\n") }
}
