import CUDAKernels
import FlashAttention
import PTXSimulator
import ReferenceAttention
import SimulatedAttention
import Testing

/// The contract for the kernels of NVIDIA's GPUs, which a simulator runs.
@Suite("Attention on simulated GPUs against fp64")
struct SimulatedConformanceTests {
  /// A device of few or of many multiprocessors: the first never splits keys, the second whenever it can.
  struct Device: Sendable {
    let name: String
    let multiprocessors: Int

    var traits: GPUTraits {
      get throws {
        let named = try #require(GPUTraits.named.first { $0.name == name }).traits
        return GPUTraits(
          capability: named.capability, multiprocessors: multiprocessors,
          sharedBytesPerBlock: named.sharedBytesPerBlock, level2Cache: named.level2Cache)
      }
    }

    static let all = ["sm_80", "sm_90"].flatMap { name in
      [1, 100].map { Device(name: name, multiprocessors: $0) }
    }
  }

  /// The pairs of features of the grid, in the element types and dimensions that the kernels have.
  static let grid = ConformanceGrid.cases.filter {
    $0.shape.headDimension <= 256 && $0.shape.valueDimension <= 256
  }

  @Test("Every pair of features agrees", arguments: grid.indices)
  func pairs(index: Int) throws {
    var posed = Self.grid[index]
    if posed.element == .float32 { posed.element = index % 2 == 0 ? .float16 : .bfloat16 }
    // Schedules, deliveries and layouts take turns.
    let layout = ForwardCase.Layout.allCases[index / 2 % 3]
    let options = LaunchOptions(
      schedule: Schedule.all[index / 3 % 4], delivery: Delivery.allCases[index % 3], residentBlocks: 1 + index % 3)
    for device in Device.all.indices where device % 2 == index / 2 % 2 {
      try Self.check(posed, on: Device.all[device], layout, options)
    }
  }

  /// D and Dv; the unequal ones are of panels of different widths.
  static let tileDimensions =
    [32, 64, 96, 128, 160, 192, 224, 256].map { ($0, $0) }
    + [(128, 96), (96, 128), (160, 192), (256, 224), (32, 128)]

  @Test("Dimensions that fill their tiles agree", arguments: tileDimensions)
  func dimensions(headDimension: Int, valueDimension: Int) throws {
    for (mask, heads, bias) in [
      (AttentionMask.full, 1, nil), (.causal(.bottomRight), 2, BiasForm(form: .overHeads, element: .float16)),
    ] {
      let posed = AttentionCase(
        heads: (2, 2 / heads), lengths: (197, 300), dimensions: (headDimension, valueDimension), element: .bfloat16,
        mask: mask, bias: bias)
      for device in Device.all { try Self.check(posed, on: device) }
    }
  }

  @Test(
    "More parts than a warp has lanes are merged, of few rows by those who compute them",
    arguments: ["sm_80", "sm_90"], [2, 5])
  func manyParts(name: String, queryLength: Int) throws {
    let posed = AttentionCase(
      heads: (2, 1), lengths: (queryLength, 6000), dimensions: (32, 40), element: .float16,
      mask: .causal(.bottomRight))
    let device = Device(name: name, multiprocessors: 100)
    let simulated = try SimulatedForward(ForwardCase(AttentionInputs<Float16>(posed)), on: device.traits)
    #expect(simulated.choice.splits > 32)
    #expect(simulated.choice.kernel.keyParts == (queryLength == 2 ? .merged : .parts))
    try Self.check(posed, on: device)
  }

  @Test(
    "Warpgroups of a tile leave out what only the others see, and have no rows behind the last query",
    arguments: [
      AttentionMask.full, .causal(.bottomRight), .causal(.topLeft), try! .slidingWindow(left: 40, right: 20, .topLeft),
    ], [130, 200, 330])
  func warpgroups(mask: AttentionMask, queryLength: Int) throws {
    for dimension in [64, 160] {
      let posed = AttentionCase(
        heads: (2, 2), lengths: (queryLength, 420), dimensions: (dimension, dimension), element: .bfloat16, mask: mask)
      for device in Device.all where device.name == "sm_90" { try Self.check(posed, on: device) }
    }
  }

  @Test("Parts of a window that only some warpgroups of a tile see are merged")
  func partsOfWarpgroups() throws {
    let posed = try AttentionCase(
      lengths: (330, 1300), dimensions: (64, 64), element: .bfloat16,
      mask: .slidingWindow(left: 900, right: 20, .bottomRight))
    let device = Device(name: "sm_90", multiprocessors: 100)
    let kernel = try SimulatedForward(ForwardCase(AttentionInputs<BFloat16>(posed)), on: device.traits).choice.kernel
    #expect(kernel.keyParts == .parts && kernel.tile.rows == 192)
    try Self.check(posed, on: device)
  }

  /// Expects that a case meets the contract, and that every schedule gives the same bits.
  static func check(
    _ posed: AttentionCase, on device: Device, _ layout: ForwardCase.Layout = .dense,
    _ options: LaunchOptions = LaunchOptions()
  ) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(posed)
      let simulated = try SimulatedForward(ForwardCase(inputs, layout: layout), on: device.traits)
      if posed.shape.output.contains(0) { return }
      let result = try simulated.run(options)
      let exact = try inputs.reference().forward()
      let materialized = try inputs.reference(.materialized(Element.attentionElementType)).forward()
      let output = Yardstick.Quantity(
        "output", exact.output, materialized: materialized.output, type: Element.attentionElementType)
      let logSumExp = Yardstick.Quantity(
        "log-sum-exp", exact.logSumExp, materialized: exact.logSumExp, type: .float32)
      let label = "\(simulated.choice.kernel.name), \(simulated.choice.splits) parts, of \(posed.testDescription)"
      expect(output, try Tensor(result.output.map { Element(bits16: $0) }, shape: posed.shape.output), label)
      expect(logSumExp, try Tensor(result.logSumExp, shape: posed.shape.rows), label)
    }
    try posed.element.withType { try check($0) }
  }

  private static func expect(
    _ quantity: Yardstick.Quantity, _ result: Tensor<some AttentionElement>, _ label: String
  ) {
    let error = ErrorMeasure.relative(result, quantity.exact)
    #expect(error <= quantity.bound, "\(quantity.name) of \(label): \(error) > \(quantity.bound)")
  }
}

extension AttentionElement {
  /// The element that 16 bits stand for.
  init(bits16 bits: UInt16) {
    switch Self.attentionElementType {
    case .float32: self = Self(Float(bitPattern: UInt32(bits)))
    case .float16: self = Self(Float16(bitPattern: bits))
    case .bfloat16: self = Self(Float(bitPattern: UInt32(bits) << 16))
    }
  }
}
