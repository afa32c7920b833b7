import CUDAKernels
import PTX
import PTXSimulator
import SimulatedAttention

/// A kernel whose text is changed, and the problems that are to notice it.
struct Subject: Sendable {
  let name: String
  let text: String
  private let trials: [Trial]

  /// A problem, how it is run, and what it gives exactly.
  private struct Trial: Sendable {
    let simulated: SimulatedForward
    let combine: PTXProgram?
    let output: [Double]
    let logSumExp: [Double]
  }

  /// - Parameters:
  ///   - requests: Problems that the same kernel computes.
  ///   - multiprocessors: The size of the device, which decides whether keys are split.
  init(
    _ name: String, on device: String, multiprocessors: Int, layout: ForwardCase.Layout = .dense,
    _ requests: [ForwardRequest]
  ) throws {
    guard let named = GPUTraits.named.first(where: { $0.name == device })?.traits else {
      preconditionFailure("there is no device \(device)")
    }
    let traits = GPUTraits(
      capability: named.capability, multiprocessors: multiprocessors, sharedBytesPerBlock: named.sharedBytesPerBlock,
      level2Cache: named.level2Cache)
    self.name = name
    var text: String?
    trials = try requests.enumerated().map { index, request in
      var posed = ForwardCase(request, seed: UInt64(index + 1))
      posed.layout = layout
      // Scores without their maximum taken away would overflow.
      if index == 1 { posed.scale *= 60 }
      // In all but the first, a row of values that are no numbers, which some rows see and some do not.
      if index > 0 {
        let first = (request.keyLength - 2) * request.valueDimension
        for place in first..<(first + request.valueDimension) { posed.values[place] = 0x7fff }
      }
      let simulated = SimulatedForward(posed, on: traits)
      let own = simulated.choice.kernel.module.text
      precondition(text == nil || text == own, "the problems of \(name) are computed by different kernels")
      text = own
      let expected = posed.expected
      return Trial(
        simulated: simulated, combine: try simulated.choice.combine.map { try PTXProgram(parsing: $0.module.text) },
        output: expected.output, logSumExp: expected.logSumExp)
    }
    self.text = text ?? ""
  }

  /// The orders of warps and the moments of asynchronous operations that differ most, and one of chance.
  private static let options = [
    (Schedule.roundRobin, Delivery.late), (.greedyDescending, .immediate), (.random(seed: 7), .random),
    (.greedyAscending, .lateInOrder), (.roundRobin, .immediate), (.greedyDescending, .late),
  ].map { LaunchOptions(schedule: $0, delivery: $1, residentBlocks: 2, instructionBudget: 2_000_000) }

  /// What notices a text: the first complaint, or nil where all problems come out right in every order.
  func complaint(about text: String) -> String? {
    do {
      let program = try PTXProgram(parsing: text)
      // First each problem in an order of its own, which finds most.
      for (shift, index) in Self.options.indices.flatMap({ shift in trials.indices.map { (shift, $0) } }) {
        let trial = trials[index]
        let options = Self.options[(index + shift) % Self.options.count]
        let result = try trial.simulated.run(options, main: program, combine: trial.combine)
        let output = trial.simulated.problem.numbers(result.output)
        for (number, exact) in zip(output, trial.output) where !Self.agree(number, exact, within: 0.01) {
          return "an output of \(number) instead of \(exact)"
        }
        for (number, exact) in zip(result.logSumExp, trial.logSumExp)
        where !Self.agree(Double(number), exact, within: 1e-5) {
          return "a log-sum-exp of \(number) instead of \(exact)"
        }
      }
      return nil
    } catch {
      return String("\(error)".prefix(160))
    }
  }

  private static func agree(_ number: Double, _ exact: Double, within tolerance: Double) -> Bool {
    number == exact || abs(number - exact) < tolerance * max(1, abs(exact)) || (number.isNaN && exact.isNaN)
  }
}
