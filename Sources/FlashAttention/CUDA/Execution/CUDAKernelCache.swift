import CUDADriver
import CUDAKernels

/// The kernels that this process has assembled: each once for a device.
enum CUDAKernelCache {
  /// What a kernel's text is a function of.
  enum Key: Hashable, Sendable {
    case forward(ForwardKernel)
    case combine(CombineKernel)
  }

  private static let shared = ModuleCache<Key>()

  /// The kernel that computes a plan's call, and the one that merges its parts.
  static func kernels(
    of plan: CUDAAttentionPlan, in context: CUDAContext
  ) throws(AttentionError) -> [KernelFunction] {
    let kernel = plan.choice.kernel
    let main = try shared.kernel(for: .forward(kernel), in: context) { () throws(AttentionError) in
      KernelSource(text: kernel.module.text, entry: kernel.name, dynamicSharedBytes: kernel.sharedBytes)
    }
    guard let combine = plan.choice.combine else { return [main] }
    let merging = try shared.kernel(for: .combine(combine), in: context) { () throws(AttentionError) in
      KernelSource(text: combine.module.text, entry: combine.name)
    }
    return [main, merging]
  }
}
