import KernelIntrinsics
import KernelsPortable

#if arch(x86_64)
  import KernelsAVX2
  import KernelsAVX512
  import KernelsAVX512BF16
#endif

/// The kernels of one instruction set: the only place that names the kernel modules.
struct KernelSet: Sendable {
  typealias Problem = UnsafePointer<KernelProblem>
  typealias Workspace = UnsafeMutableRawPointer
  typealias Floats = UnsafeMutablePointer<Float>

  let laneGroupWidth: Int
  let forwardWorkspaceSize: @Sendable (Problem) -> Int
  let backwardWorkspaceSize: @Sendable (Problem) -> Int
  let forward: @Sendable (Problem, UnsafePointer<ForwardItem>, Workspace) -> Void
  let mergeForward:
    @Sendable (Problem, UnsafePointer<ForwardItem>, _ parts: Floats, _ count: Int, _ partStride: Int) -> Void
  let backward: @Sendable (Problem, UnsafePointer<BackwardItem>, Workspace) -> Void
  let prepareBackward: @Sendable (Problem, _ batch: Int, _ head: Int, _ start: Int, _ end: Int) -> Void
  let storeQueryGradient: @Sendable (Problem, _ batch: Int, _ head: Int, _ start: Int, _ end: Int) -> Void
  let standardScores: @Sendable (Problem, UnsafePointer<ForwardItem>, Workspace, Floats) -> Void
  let standardProbabilities: @Sendable (Problem, UnsafePointer<ForwardItem>, Workspace, Floats) -> Void
  let standardOutput: @Sendable (Problem, UnsafePointer<ForwardItem>, Workspace, Floats) -> Void
  let standardScoreGradients:
    @Sendable (Problem, UnsafePointer<BackwardItem>, Workspace, _ head: Int, Floats, Floats) -> Void
  let standardKeyValueGradients:
    @Sendable (Problem, UnsafePointer<BackwardItem>, Workspace, _ panelsOfHeads: Int, Floats, Floats) -> Void
  let standardQueryGradients:
    @Sendable (
      Problem, UnsafePointer<BackwardItem>, Workspace, _ head: Int, _ start: Int, _ end: Int, Floats, Floats
    ) -> Void
  let readGranularity: Int
  let repeatMultiplyAdds: @Sendable (_ rounds: Int, _ seed: Float, _ sink: Floats) -> Int
  /// Nil where the instruction set has no dot product of bf16 pairs.
  let repeatPairProducts: (@Sendable (_ rounds: Int, _ seed: Float, _ sink: Floats) -> Int)?
  /// Nil where the instruction set has no matrix unit.
  let repeatTileProducts: (@Sendable (_ rounds: Int, _ seed: Float, _ sink: Floats) -> Int)?
  let readMemory: @Sendable (_ start: UnsafePointer<Float>, _ count: Int, _ sink: Floats) -> Void

  /// The scratch memory of one thread with vectors of `lanes` lanes, on this machine or another.
  static func workspaceSize(_ direction: AttentionDirection, _ problem: Problem, lanes: Int) -> Int {
    switch direction {
    case .forward: KernelsPortable.forwardWorkspaceSize(problem, lanes: lanes)
    case .backward: KernelsPortable.backwardWorkspaceSize(problem, lanes: lanes)
    }
  }

  static func kernels(for set: InstructionSet) -> KernelSet {
    switch set {
    case .portable: return portable
    #if arch(x86_64)
      case .avx2: return avx2
      case .avx512: return avx512
      case .avx512bf16: return avx512bf16
      case .amx:
        // The operating system grants the matrix unit when the features are read, and the plan may not have read them.
        _ = ProcessorFeatures.current
        return amx
    #else
      case .avx2, .avx512, .avx512bf16, .amx: preconditionFailure("\(set) was not refused by the plan")
    #endif
    }
  }
}

private let portable = KernelSet(
  laneGroupWidth: KernelsPortable.laneGroupWidth,
  forwardWorkspaceSize: { KernelsPortable.forwardWorkspaceSize($0) },
  backwardWorkspaceSize: { KernelsPortable.backwardWorkspaceSize($0) },
  forward: KernelsPortable.attendForward,
  mergeForward: KernelsPortable.mergeForward,
  backward: KernelsPortable.attendBackward,
  prepareBackward: KernelsPortable.prepareBackward,
  storeQueryGradient: KernelsPortable.storeQueryGradient,
  standardScores: KernelsPortable.standardScores,
  standardProbabilities: KernelsPortable.standardProbabilities,
  standardOutput: KernelsPortable.standardOutput,
  standardScoreGradients: KernelsPortable.standardScoreGradients,
  standardKeyValueGradients: KernelsPortable.standardKeyValueGradients,
  standardQueryGradients: KernelsPortable.standardQueryGradients,
  readGranularity: KernelsPortable.readGranularity,
  repeatMultiplyAdds: KernelsPortable.repeatMultiplyAdds,
  repeatPairProducts: nil,
  repeatTileProducts: nil,
  readMemory: KernelsPortable.readMemory)

#if arch(x86_64)
  private let avx2 = KernelSet(
    laneGroupWidth: KernelsAVX2.laneGroupWidth,
    forwardWorkspaceSize: { KernelsAVX2.forwardWorkspaceSize($0) },
    backwardWorkspaceSize: { KernelsAVX2.backwardWorkspaceSize($0) },
    forward: KernelsAVX2.attendForward,
    mergeForward: KernelsAVX2.mergeForward,
    backward: KernelsAVX2.attendBackward,
    prepareBackward: KernelsAVX2.prepareBackward,
    storeQueryGradient: KernelsAVX2.storeQueryGradient,
    standardScores: KernelsAVX2.standardScores,
    standardProbabilities: KernelsAVX2.standardProbabilities,
    standardOutput: KernelsAVX2.standardOutput,
    standardScoreGradients: KernelsAVX2.standardScoreGradients,
    standardKeyValueGradients: KernelsAVX2.standardKeyValueGradients,
    standardQueryGradients: KernelsAVX2.standardQueryGradients,
    readGranularity: KernelsAVX2.readGranularity,
    repeatMultiplyAdds: KernelsAVX2.repeatMultiplyAdds,
    repeatPairProducts: nil,
    repeatTileProducts: nil,
    readMemory: KernelsAVX2.readMemory)

  private let avx512 = KernelSet(
    laneGroupWidth: KernelsAVX512.laneGroupWidth,
    forwardWorkspaceSize: { KernelsAVX512.forwardWorkspaceSize($0) },
    backwardWorkspaceSize: { KernelsAVX512.backwardWorkspaceSize($0) },
    forward: KernelsAVX512.attendForward,
    mergeForward: KernelsAVX512.mergeForward,
    backward: KernelsAVX512.attendBackward,
    prepareBackward: KernelsAVX512.prepareBackward,
    storeQueryGradient: KernelsAVX512.storeQueryGradient,
    standardScores: KernelsAVX512.standardScores,
    standardProbabilities: KernelsAVX512.standardProbabilities,
    standardOutput: KernelsAVX512.standardOutput,
    standardScoreGradients: KernelsAVX512.standardScoreGradients,
    standardKeyValueGradients: KernelsAVX512.standardKeyValueGradients,
    standardQueryGradients: KernelsAVX512.standardQueryGradients,
    readGranularity: KernelsAVX512.readGranularity,
    repeatMultiplyAdds: KernelsAVX512.repeatMultiplyAdds,
    repeatPairProducts: nil,
    repeatTileProducts: nil,
    readMemory: KernelsAVX512.readMemory)

  private let avx512bf16 = brainFloatKernels(
    forward: KernelsAVX512BF16.attendForward, backward: KernelsAVX512BF16.attendBackward,
    repeatTileProducts: nil)

  private let amx = brainFloatKernels(
    forward: KernelsAVX512BF16.attendForwardByMatrixUnit, backward: KernelsAVX512BF16.attendBackwardByMatrixUnit,
    repeatTileProducts: KernelsAVX512BF16.repeatTileProducts)

  /// The kernels of a processor with the bf16 dot product, of which those with the matrix unit are others for the two
  /// passes.
  private func brainFloatKernels(
    forward: @escaping @Sendable (KernelSet.Problem, UnsafePointer<ForwardItem>, KernelSet.Workspace) -> Void,
    backward: @escaping @Sendable (KernelSet.Problem, UnsafePointer<BackwardItem>, KernelSet.Workspace) -> Void,
    repeatTileProducts: (@Sendable (_ rounds: Int, _ seed: Float, _ sink: KernelSet.Floats) -> Int)?
  ) -> KernelSet {
    KernelSet(
      laneGroupWidth: KernelsAVX512BF16.laneGroupWidth,
      forwardWorkspaceSize: { KernelsAVX512BF16.forwardWorkspaceSize($0) },
      backwardWorkspaceSize: { KernelsAVX512BF16.backwardWorkspaceSize($0) },
      forward: forward,
      mergeForward: KernelsAVX512BF16.mergeForward,
      backward: backward,
      prepareBackward: KernelsAVX512BF16.prepareBackward,
      storeQueryGradient: KernelsAVX512BF16.storeQueryGradient,
      standardScores: KernelsAVX512BF16.standardScores,
      standardProbabilities: KernelsAVX512BF16.standardProbabilities,
      standardOutput: KernelsAVX512BF16.standardOutput,
      standardScoreGradients: KernelsAVX512BF16.standardScoreGradients,
      standardKeyValueGradients: KernelsAVX512BF16.standardKeyValueGradients,
      standardQueryGradients: KernelsAVX512BF16.standardQueryGradients,
      readGranularity: KernelsAVX512BF16.readGranularity,
      repeatMultiplyAdds: KernelsAVX512BF16.repeatMultiplyAdds,
      repeatPairProducts: KernelsAVX512BF16.repeatPairProducts,
      repeatTileProducts: repeatTileProducts,
      readMemory: KernelsAVX512BF16.readMemory)
  }
#endif
