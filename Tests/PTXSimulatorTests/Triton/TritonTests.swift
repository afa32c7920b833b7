import PTXSimulator
import Testing

/// PTX that this project did not write runs in the simulator, and computes what its source says.
@Suite(
  "Kernels that Triton compiled",
  .enabled(if: !TritonKernel.compiled.isEmpty, "scripts/compile-triton-kernels has not run"))
struct TritonTests {
  /// Schedules with the deliveries of copies that they meet.
  static let orders: [(schedule: Schedule, delivery: Delivery)] = [
    (.roundRobin, .late), (.greedyAscending, .late), (.greedyDescending, .late), (.random(seed: 1), .late),
    (.greedyDescending, .immediate), (.random(seed: 2), .immediate),
    (.roundRobin, .random), (.random(seed: 3), .random),
  ]

  @Test("They compute what plain loops do, in whatever order warps and copies run", arguments: TritonKernel.compiled)
  func computes(kernel: TritonKernel) throws {
    let program = try PTXProgram(parsing: kernel.text)
    let values = Dictionary(uniqueKeysWithValues: kernel.inputs.map { ($0.name, $0.randomValues) })
    let inputs = Dictionary(uniqueKeysWithValues: kernel.inputs.map { ($0.name, $0.bytes(values[$0.name] ?? [])) })
    let expectations = kernel.computation.expectations(
      TritonComputation.Operands(tensors: kernel.tensorsByName, inputs: values, numbers: kernel.numbers))
    var checked: TritonKernel.Contents?
    for order in Self.orders {
      let options = LaunchOptions(
        schedule: order.schedule, delivery: order.delivery, requiresBarrierFence: kernel.fencesBarriers)
      let results = try kernel.launch(program, inputs: inputs, options: options)
      if results == checked { continue }
      checked = results
      #expect(results.keys.sorted() == expectations.keys.sorted())
      for (name, bytes) in results {
        let tensor = try #require(kernel.tensorsByName[name])
        let deviation = TritonDeviation(
          of: tensor.values(bytes), from: expectations[name] ?? [], element: tensor.element)
        #expect(deviation == nil, "\(name), \(order.schedule), copies \(order.delivery)")
      }
    }
  }
}
