import CUDAKernels
import FlashAttention
import PTX
import PTXSimulator
import ReferenceAttention
import SimulatedAttention
import Testing

/// What the contract says of single numbers, for the kernels of NVIDIA's GPUs.
@Suite("The contract on simulated GPUs")
struct SimulatedContractTests {
  typealias Device = SimulatedConformanceTests.Device

  static let bands = [
    AttentionCase(
      heads: (2, 1), lengths: (70, 140), dimensions: (16, 24), element: .bfloat16, mask: .causal(.bottomRight)),
    AttentionCase(
      heads: (4, 2), lengths: (5, 140), dimensions: (64, 32), element: .bfloat16, mask: .causal(.topLeft), softcap: 3),
    AttentionCase(
      lengths: (90, 90), dimensions: (8, 8), element: .float16,
      mask: try! .slidingWindow(left: 9, right: 4, .topLeft)),
    AttentionCase(
      heads: (2, 1), lengths: (60, 110), dimensions: (16, 16), element: .float16,
      booleanMask: BooleanMaskForm(form: .whole, forbidsRows: true)),
    AttentionCase(
      heads: (2, 1), lengths: (60, 70), dimensions: (33, 17), element: .bfloat16,
      bias: BiasForm(form: .whole, forbids: true)),
    // On a device of many multiprocessors parts of the keys, merged in place and by a kernel of their own.
    AttentionCase(
      heads: (4, 2), lengths: (2, 400), dimensions: (64, 64), element: .bfloat16,
      booleanMask: BooleanMaskForm(form: .whole)),
    AttentionCase(
      heads: (4, 2), lengths: (9, 900), dimensions: (64, 64), element: .bfloat16,
      booleanMask: BooleanMaskForm(form: .whole)),
  ]

  @Test("NaN and infinities reach only the rows that may see them", arguments: bands, ["keys", "values"])
  func reach(posed: AttentionCase, input: String) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(posed)
      let permissions = try Permissions(inputs)
      let row = 40
      for device in Device.all {
        let clean = try Self.run(Self.filling(inputs, input, row: row, with: 0), device)
        for poison in [Element.nan, .infinity, -.infinity] {
          let poisoned = try Self.run(Self.filling(inputs, input, row: row, with: poison), device)
          for head in 0..<posed.shape.queryHeads {
            for query in 0..<posed.shape.queryLength {
              let index = head * posed.shape.queryLength + query
              let columns = index * posed.shape.valueDimension..<(index + 1) * posed.shape.valueDimension
              let sees =
                head < posed.shape.headsPerGroup
                && permissions.permits(batch: 0, head: head, query: query, key: row)
              let label = "\(poison) in the \(input), head \(head), query \(query), \(device)"
              if !sees {
                // Rows beside a number that is not finite are computed again, without the tensor cores, so that they
                // may differ in rounding.
                let leak = ErrorMeasure.relative(
                  Self.doubles(poisoned.output[columns], Element.self),
                  Self.doubles(clean.output[columns], Element.self))
                #expect(leak <= 3 * Element.attentionElementType.roundingError, "\(label)")
                let lost = ErrorMeasure.relative(
                  [Double(poisoned.logSumExp[index])], [Double(clean.logSumExp[index])])
                #expect(lost <= 1e-5, "\(label)")
              } else if poison.isNaN {
                #expect(poisoned.output[columns].allSatisfy { Element(bits16: $0).isNaN }, "\(label)")
              }
            }
          }
        }
      }
    }
    try posed.element.withType { try check($0) }
  }

  @Test("Every schedule and every delivery give the same bits", arguments: Device.all)
  func determinism(device: Device) throws {
    for (posed, keyParts) in [
      (
        AttentionCase(
          heads: (4, 2), lengths: (300, 300), dimensions: (64, 64), element: .bfloat16, mask: .causal(.bottomRight)),
        ForwardKernel.KeyParts.whole
      ),
      (
        AttentionCase(
          heads: (4, 1), lengths: (3, 900), dimensions: (128, 128), element: .bfloat16,
          booleanMask: BooleanMaskForm(form: .whole), softcap: 5), .parts
      ),
      (
        AttentionCase(
          heads: (4, 1), lengths: (2, 700), dimensions: (64, 64), element: .bfloat16, mask: .causal(.bottomRight)),
        .merged
      ),
    ] {
      let simulated = try SimulatedForward(ForwardCase(AttentionInputs<BFloat16>(posed)), on: device.traits)
      #expect(simulated.choice.kernel.keyParts == (device.multiprocessors == 1 ? .whole : keyParts))
      let expected = try simulated.run()
      for schedule in Schedule.all + [.random(seed: 2), .random(seed: 3)] {
        for delivery in Delivery.allCases {
          let result = try simulated.run(
            LaunchOptions(schedule: schedule, delivery: delivery, residentBlocks: 3))
          #expect(result.output == expected.output && result.logSumExp == expected.logSumExp, "\(schedule) \(delivery)")
        }
      }
    }
  }

  @Test("Without keys the output is zero and the log-sum-exp −∞", arguments: Device.all)
  func noKeys(device: Device) throws {
    let inputs = try AttentionInputs<Float16>(
      AttentionCase(heads: (2, 2), lengths: (130, 0), dimensions: (64, 40), element: .float16))
    let result = try Self.run(inputs, device)
    #expect(result.output.allSatisfy { $0 == 0 })
    #expect(result.logSumExp.allSatisfy { $0 == -.infinity })
  }

  /// Programs without −∞ mask with the smallest number. It is none of the forbidden.
  @Test("A row whose keys all have the smallest finite bias is their plain mean", arguments: Device.all)
  func smallestBias(device: Device) throws {
    var inputs = try AttentionInputs<BFloat16>(
      AttentionCase(lengths: (3, 70), dimensions: (32, 32), element: .bfloat16, bias: BiasForm(form: .overAll)))
    let smallest = -Float.greatestFiniteMagnitude
    inputs.exactBias = try Tensor([Double(smallest)], shape: [1, 1, 1, 1])
    inputs.bias = AttentionBias(try Tensor<Float>([smallest], shape: [1, 1, 1, 1]))
    let result = try Self.run(inputs, device)
    let values = inputs.values.doubles
    let mean = (0..<32).map { column in (0..<70).reduce(0) { $0 + values[$1 * 32 + column] } / 70 }
    for row in 0..<3 {
      let output = Self.doubles(result.output[(row * 32)..<(row * 32 + 32)], BFloat16.self)
      #expect(ErrorMeasure.relative(output, mean) < 0.01)
      #expect(result.logSumExp[row].isFinite)
    }
    #expect(ErrorMeasure.relative(try inputs.forward().output.doubles, (0..<3).flatMap { _ in mean }) < 0.01)
  }

  @Test("Logits of ±10⁴ and one huge forbidden key stay exact", arguments: Device.all)
  func spikes(device: Device) throws {
    for scale in [Float(300), -300] {
      var posed = AttentionCase(
        lengths: (70, 150), dimensions: (64, 64), element: .bfloat16, mask: .causal(.bottomRight), scale: scale)
      posed.seed = 5
      try SimulatedConformanceTests.check(posed, on: device)
      let inputs = try AttentionInputs<BFloat16>(posed)
      let clean = try Self.run(Self.filling(inputs, "keys", row: 149, with: 0), device)
      let spiked = try Self.run(Self.filling(inputs, "keys", row: 149, with: 30_000), device)
      // Only the last query sees the last key.
      #expect(spiked.output[..<(69 * 64)] == clean.output[..<(69 * 64)])
    }
  }

  private static func doubles<Element: AttentionElement>(
    _ bits: ArraySlice<UInt16>, _: Element.Type
  ) -> [Double] {
    bits.map { Double(Float(Element(bits16: $0))) }
  }

  private static func run<Element: AttentionElement>(
    _ inputs: AttentionInputs<Element>, _ device: Device
  ) throws -> SimulatedForward.Result {
    try SimulatedForward(ForwardCase(inputs), on: device.traits).run()
  }

  /// Fills a row of the first head of the keys or values.
  private static func filling<Element: AttentionElement>(
    _ inputs: AttentionInputs<Element>, _ input: String, row: Int, with value: Element
  ) throws -> AttentionInputs<Element> {
    let path: WritableKeyPath<AttentionInputs<Element>, TensorView<Element>> = input == "keys" ? \.keys : \.values
    var inputs = inputs
    var tensor = Tensor(copying: inputs[keyPath: path])
    for column in 0..<tensor.shape[3] { tensor[0, 0, row, column] = value }
    inputs[keyPath: path] = tensor.view
    return inputs
  }
}
