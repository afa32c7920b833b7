import CUDADriver
import FlashAttention

/// A kernel that a check assembles to see what the driver makes of it.
struct KernelVariant {
  let plan: CUDAAttentionPlan

  var name: String { plan.kernelName }

  /// Kernels that between them use every entry of the table of tiles, with few features and with all: of the dimensions
  /// that are timed first, each kernel once.
  static func all(on device: CheckedDevice) throws -> [KernelVariant] {
    var seen: Set<String> = []
    var variants: [KernelVariant] = []
    for dimension in [128, 64, 256, 96, 160, 192] {
      for family in device.device.families.reversed() {
        for posed in try cases(dimension) {
          let plan = try CUDAAttentionPlan(
            posed.descriptor(), on: device.traits(of: family, splitsKeys: posed.shape.queryLength < 4096))
          if seen.insert(plan.kernelName).inserted { variants.append(KernelVariant(plan: plan)) }
        }
      }
    }
    return variants
  }

  private static func cases(_ dimension: Int) throws -> [CorrectnessCase] {
    func posed(_ queryLength: Int, _ change: (inout CorrectnessCase) -> Void) throws -> CorrectnessCase {
      try CorrectnessCase(
        heads: (32, 8), lengths: (queryLength, 4096), dimensions: (dimension, dimension), change: change)
    }
    let window = try AttentionMask.slidingWindow(left: 512, right: 64, .bottomRight)
    func all(_ posed: inout CorrectnessCase) {
      posed.mask = window
      posed.booleanMask = .whole
      posed.bias = .float32
      posed.softcap = 30
    }
    return [
      try posed(4096) { _ in }, try posed(4096) { $0.mask = .causal(.bottomRight) }, try posed(4096, all),
      try posed(1) { _ in }, try posed(1, all), try posed(64) { _ in },
    ]
  }
}
