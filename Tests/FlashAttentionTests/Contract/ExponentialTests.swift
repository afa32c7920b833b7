import FlashAttention
import Foundation
import Testing

@Suite("The exponential function of the kernels")
struct ExponentialTests {
  /// Exponents at which an implementation may change its way: 0 and just below, both sides of each 32nd and each half,
  /// and the least whose power is a normal number.
  static let exponents: [Float] = {
    var exponents: [Float] = [-1e-30, -1e-10, -1e-5, -125.99, -126]
    for step in 0..<(32 * 40) {
      let exponent = -Float(step) / 32
      exponents += [exponent, exponent.nextDown, exponent.nextUp, exponent - 1 / 64, exponent - 1 / 96]
    }
    return exponents.filter { $0 <= 0 }
  }()

  /// A query x meets keys 0 and 1 with values 0 and 1 at the scale ln 2, so that O = 2ˣ / (1 + 2ˣ): the scores are
  /// exact in base 2, because the scale times log₂ e rounds to 1.
  @Test("It has a relative error below 2 · 10⁻⁷", arguments: InstructionSet.usable)
  func relativeError(set: InstructionSet) throws {
    func rows(_ numbers: [Float]) throws -> Tensor<Float> {
      try Tensor(numbers.flatMap { [$0] + Array(repeating: 0, count: 7) }, shape: [1, 1, numbers.count, 8])
    }
    let result = try scaledDotProductAttention(
      queries: rows(Self.exponents), keys: rows([0, 1]), values: rows([0, 1]), scale: 0.693147180559945,
      options: ExecutionOptions(backend: .cpu, instructionSet: set))
    var worst = 0.0
    for (row, exponent) in Self.exponents.enumerated() {
      let power = exp2(Double(exponent))
      worst = max(worst, abs(Double(result.output[0, 0, row, 0]) / (power / (1 + power)) - 1))
    }
    // The sum, its reciprocal and their product are rounded as well.
    #expect(worst < 2e-7 + 3 * 0x1p-24)
  }
}
