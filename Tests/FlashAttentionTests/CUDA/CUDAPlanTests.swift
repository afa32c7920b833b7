import CUDADriver
import Testing

@testable import FlashAttention

@Suite("A plan for a CUDA device is a pure function of descriptor, layout and device")
struct CUDAPlanTests {
  private func descriptor(
    batch: Int = 1, heads: (Int, Int) = (8, 8), lengths: (Int, Int) = (1024, 1024), dimensions: (Int, Int) = (64, 64),
    element: AttentionElementType = .bfloat16, mask: AttentionMask = .full, biasType: AttentionElementType? = nil
  ) throws -> AttentionDescriptor {
    try AttentionDescriptor(
      shape: AttentionShape(
        batch: batch, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
        headDimension: dimensions.0, valueDimension: dimensions.1), elementType: element, mask: mask,
      biasType: biasType)
  }

  @Test("The kernel is the device's fastest", arguments: [("sm_80", "sm_80"), ("sm_89", "sm_80"), ("sm_90", "sm_90a")])
  func kernels(device: String, instructionSet: String) throws {
    let plan = try CUDAAttentionPlan(descriptor(heads: (64, 64)), on: #require(.architecture(device)))
    #expect(plan.instructionSet == instructionSet)
    #expect(plan.modules.map(\.kernel) == [plan.kernelName])
    #expect(plan.ptx.contains(".target \(instructionSet)\n"))
    #expect(plan.ptx.contains(".entry \(plan.kernelName)("))
    #expect(try CUDAAttentionPlan(descriptor(heads: (64, 64)), on: #require(.architecture(device))) == plan)
  }

  @Test("What the back end or the device cannot serve is refused by name")
  func refused() throws {
    func message(_ descriptor: AttentionDescriptor, _ device: CUDADeviceTraits = .hopper) -> String? {
      #expect(throws: AttentionError.self) { try CUDAAttentionPlan(descriptor, on: device) }?.description
    }
    let prefix = "back end cuda is not available: "
    #expect(
      try message(descriptor(element: .float32))
        == prefix + "tensor cores would round fp32 elements to tf32, which has not been asked for")
    #expect(
      try message(descriptor(dimensions: (257, 64))) == prefix + "D is 257, and its kernels go up to 256")
    #expect(
      try message(descriptor(dimensions: (64, 300))) == prefix + "Dv is 300, and its kernels go up to 256")
    let volta = try CUDADeviceTraits(.volta)
    #expect(try message(descriptor(), volta) == prefix + "compute capability 7.0 is below 8.0")
  }

  @Test("Why warpgroups were not taken is said")
  func warpgroups() throws {
    func reason(
      _ descriptor: AttentionDescriptor, _ device: CUDADeviceTraits = .hopper, layout: CUDARowLayout? = nil
    ) throws -> String? {
      let plan = try CUDAAttentionPlan(descriptor, layout: layout, on: device)
      #expect(!plan.usesWarpgroups)
      return plan.refusals.first { $0.alternative == "warpgroups" }?.reason
    }
    #expect(try reason(descriptor(), .ampere) == "they need compute capability 9.0")
    let old = try CUDADeviceTraits(.hopper, version: DriverVersion(11, 8))
    #expect(try reason(descriptor(), old)?.contains("the driver implements CUDA 11.8") == true)
    #expect(
      try reason(descriptor(dimensions: (60, 60))) == "the rows of queries do not lie at multiples of 16 bytes")
    #expect(
      try reason(descriptor(heads: (6, 2), lengths: (1, 1024))) == "3 heads share a tile, which does not divide 64 rows"
    )
    var operands = CUDAOperands.dense(try descriptor())
    operands.keys.strides.head = 0
    #expect(
      try reason(descriptor(), layout: CUDARowLayout(operands, descriptor().shape))
        == "keys: a stride is 0, negative or beyond 2^40 bytes")
  }

  @Test("Keys are split where tiles are few, and the parts need memory")
  func splits() throws {
    let plan = try CUDAAttentionPlan(
      descriptor(heads: (8, 2), lengths: (1, 8192), dimensions: (128, 96)), on: .hopper)
    #expect(plan.splits > 1)
    #expect(plan.headsPerTile == 4)
    // A counter for each of the two groups of heads comes last.
    #expect(plan.workspaceBytes == plan.splits * 8 * (96 + 1) * 4 + 2 * 4)
    #expect(plan.modules.map(\.kernel) == [plan.kernelName])
    #expect(plan.description.contains("\(plan.splits) parts, merged by whoever computes the last of them"))
    let many = try CUDAAttentionPlan(
      descriptor(heads: (8, 2), lengths: (12, 8192), dimensions: (128, 96)), on: .hopper)
    #expect(many.workspaceBytes == many.splits * 8 * 12 * (96 + 1) * 4)
    #expect(many.modules.map(\.kernel) == [many.kernelName, "combine_bf16_v96"])
    #expect(many.description.contains("\(many.splits) parts, merged by combine_bf16_v96"))
    let whole = try CUDAAttentionPlan(descriptor(heads: (64, 64), lengths: (1024, 1024)), on: .hopper)
    #expect(whole.splits == 1)
    #expect(whole.workspaceBytes == 0)
    #expect(whole.refusals.map(\.alternative) == ["warps", "split keys"])
  }

  @Test("Device memory is read and written as often as the tiles say")
  func bytes() throws {
    let full = try CUDAAttentionPlan(descriptor(heads: (64, 64), lengths: (1024, 512)), on: .ampere)
    #expect(full.tile.rows == 128)
    let rows = 64.0 * 1024
    // Q, O and LSE once; K and V for each of the 8 tiles of a head.
    #expect(full.cost.flashBytes == rows * (64 * 2 + 64 * 2 + 4) + 64 * 8 * 512 * 128 * 2)
    #expect(full.cost.standardBytes == rows * (64 * 2 + 64 * 2 + 4) + 64 * 512 * 128 * 2 + 4 * rows * 512 * 2)
    #expect(full.cost.standardExtraBytes == 2 * rows * 512 * 2)
    #expect(full.cost.flashExtraBytes == 0)
    #expect(full.cost.operations == 4 * rows * 512 * 64)

    // Tile t sees the first 128 (t + 1) keys.
    let causal = try CUDAAttentionPlan(
      descriptor(heads: (64, 64), lengths: (1024, 1024), mask: .causal(.bottomRight)), on: .ampere)
    #expect(causal.tile.rows == 128)
    #expect(causal.cost.flashBytes == rows * (64 * 2 + 64 * 2 + 4) + 64 * 128 * 36 * 128 * 2)
  }

  @Test("An empty problem launches nothing, and no keys are no reason for that", arguments: [(0, 5), (5, 0)])
  func empty(lengths: (Int, Int)) throws {
    let plan = try CUDAAttentionPlan(descriptor(lengths: lengths), on: .hopper)
    #expect(plan.isEmpty == (lengths.0 == 0))
    #expect((plan.blocks == 0) == plan.isEmpty)
    #expect(plan.workspaceBytes == 0)
    #expect(plan.cost.flashBytes >= 0)
    #expect(!plan.description.isEmpty)
  }

  @Test("A description names the device, the kernel, the launch and the costs of both")
  func description() throws {
    let plan = try CUDAAttentionPlan(
      descriptor(heads: (32, 8), lengths: (4096, 4096), dimensions: (128, 128), mask: .causal(.topLeft)), on: .hopper)
    for text in [
      "sm_90: compute capability 9.0, 132 multiprocessors", plan.kernelName, "mask causal, top-left",
      "\(plan.blocks) blocks of \(plan.threadsPerBlock) threads", "device memory", "extra memory",
    ] {
      #expect(plan.description.contains(text), "\(text)")
    }
  }
}
