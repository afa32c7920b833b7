import FlashAttention
import ReferenceAttention
import Testing

@testable import FlashTool

@Suite("flash attend")
struct AttendTests {
  /// Runs the tool on tensors and returns what it wrote, which stays mapped when the file is gone.
  private func attend(_ tensors: [String: any StridedTensor], _ arguments: [String]) throws -> SafetensorsFile {
    try Workplace.with { workplace in
      let (input, output) = (workplace.file("in.safetensors"), workplace.file("out.safetensors"))
      try SafetensorsFile.write(tensors, to: input)
      let outcome = try ToolProcess.run(["attend", input, "--output", output] + arguments)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.error.isEmpty)
      return try SafetensorsFile(path: output)
    }
  }

  private func checkForward<Element: AttentionElement>(_ type: Element.Type, tolerance: Double) throws {
    let inputs = try Fixtures.inputs(type)
    let reference = try ReferenceAttention(
      queries: Fixtures.tensor(Fixtures.queryShape, seed: 1) as Tensor<Element>,
      keys: Fixtures.tensor(Fixtures.keyShape, seed: 2) as Tensor<Element>,
      values: Fixtures.tensor(Fixtures.valueShape, seed: 3) as Tensor<Element>,
      scale: -0.5, softcap: 2, mask: .slidingWindow(left: nil, right: 5, .bottomRight))
    let expected = try reference.forward()
    let file = try attend(inputs, ["--window", "-1,5", "--scale", "-0.5", "--softcap", "2"])
    #expect(Set(file.entries.map(\.name)) == ["output", "log_sum_exp"])
    #expect(try ErrorMeasure.relative(file.tensor("output", as: type), expected.output) < tolerance)
    #expect(try ErrorMeasure.relative(file.tensor("log_sum_exp", as: Float.self), expected.logSumExp) < 1e-5)
  }

  @Test("F32 in, F32 out, with window, scale and softcap")
  func float32() throws { try checkForward(Float.self, tolerance: 1e-5) }

  @Test("F16 in, F16 out")
  func float16() throws { try checkForward(Float16.self, tolerance: 1e-3) }

  @Test("BF16 in, BF16 out")
  func bfloat16() throws { try checkForward(BFloat16.self, tolerance: 8e-3) }

  @Test("BOOL and U8 masks of any rank mean the same", arguments: ["BOOL", "U8"], [[10, 20], [2, 1, 10, 20], [20]])
  func masks(type: String, shape: [Int]) throws {
    var inputs = try Fixtures.inputs(Float.self)
    let permitted = (0..<shape.reduce(1, *)).map(Fixtures.permits)
    let mask = try Tensor(permitted, shape: shape)
    inputs["mask"] = type == "BOOL" ? mask : Tensor<UInt8>(mapping: mask) { $0 ? 7 : 0 }
    let expected = try ReferenceAttention(
      queries: Fixtures.tensor(Fixtures.queryShape, seed: 1) as Tensor<Float>,
      keys: Fixtures.tensor(Fixtures.keyShape, seed: 2) as Tensor<Float>,
      values: Fixtures.tensor(Fixtures.valueShape, seed: 3) as Tensor<Float>, booleanMask: mask.view
    ).forward()
    let file = try attend(inputs, [])
    #expect(try ErrorMeasure.relative(file.tensor("output", as: Float.self), expected.output) < 1e-5)
  }

  @Test("gradients of all inputs, the bias's in its own type and shape")
  func gradients() throws {
    var inputs = try Fixtures.inputs(Float.self)
    let bias: Tensor<Float16> = try Fixtures.tensor([4, 1, 20], seed: 5)
    inputs["bias"] = bias
    let reference = try ReferenceAttention(
      queries: Fixtures.tensor(Fixtures.queryShape, seed: 1) as Tensor<Float>,
      keys: Fixtures.tensor(Fixtures.keyShape, seed: 2) as Tensor<Float>,
      values: Fixtures.tensor(Fixtures.valueShape, seed: 3) as Tensor<Float>, mask: .causal(.bottomRight),
      bias: Tensor<Double>(mapping: bias) { Double($0) })
    let expected = try reference.gradients(
      outputGradient: Fixtures.tensor(Fixtures.outputShape, seed: 4) as Tensor<Float>)
    let file = try attend(inputs, ["--mask", "causal", "--gradients"])
    for (name, gradient) in [
      ("query_gradient", expected.queries), ("key_gradient", expected.keys), ("value_gradient", expected.values),
    ] {
      #expect(try ErrorMeasure.relative(file.tensor(name, as: Float.self), gradient) < 1e-5, "\(name)")
    }
    // The sum over the axes that the bias was repeated along: batches and queries.
    var sums = [Double](repeating: 0, count: 80)
    for (index, value) in expected.scores.scalars.enumerated() { sums[index / 200 % 4 * 20 + index % 20] += value }
    let biasGradient = try file.tensor("bias_gradient", as: Float16.self)
    #expect(try ErrorMeasure.relative(biasGradient, Tensor(sums, shape: [4, 1, 20])) < 1e-3)
  }

  @Test("standard attention leaves the gradient of the bias out")
  func standardGradients() throws {
    var inputs = try Fixtures.inputs(Float.self)
    inputs["bias"] = try Fixtures.tensor([20], seed: 5) as Tensor<Float>
    let file = try attend(inputs, ["--gradients", "--backend", "standard"])
    #expect(file.contains("query_gradient"))
    #expect(!file.contains("bias_gradient"))
  }

  @Test("the summary is one line, and none with --quiet")
  func summary() throws {
    try Workplace.with { workplace in
      let input = workplace.file("in")
      try SafetensorsFile.write(Fixtures.inputs(Float.self), to: input)
      let arguments = ["attend", input, "--output", workplace.file("out"), "--threads", "1", "--isa", "portable"]
      let loud = try ToolProcess.run(arguments).output
      #expect(loud.hasPrefix("B 2, Hq 4, Hkv 2, Sq 10, Sk 20, D 8, Dv 6, f32, mask full: cpu, portable, 1 thread, "))
      #expect(loud.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
      #expect(try ToolProcess.run(arguments + ["--quiet"]).output.isEmpty)
    }
  }
}
