import FlashAttention
import ReferenceAttention

/// Everything that a call returns, forward and backward, to compare bit by bit.
///
/// Only the sign of a zero is not told apart.
struct Bits: Equatable, Sendable {
  /// Results in fp64, by name.
  let results: [(name: String, elements: [Double])]

  init<Element: AttentionElement>(_ inputs: AttentionInputs<Element>, _ options: ExecutionOptions) throws {
    let forward = try inputs.forward(options)
    let gradients = try inputs.gradients(options, after: forward)
    var results = [
      ("output", forward.output.doubles), ("log-sum-exp", forward.logSumExp.doubles),
      ("query gradient", gradients.queries.doubles), ("key gradient", gradients.keys.doubles),
      ("value gradient", gradients.values.doubles),
    ]
    if let bias = gradients.bias { results.append(("bias gradient", bias.doubles)) }
    self.results = results
  }

  static func == (a: Bits, b: Bits) -> Bool {
    a.results.count == b.results.count
      && zip(a.results, b.results).allSatisfy { ErrorMeasure.areIdentical($0.elements, $1.elements) }
  }

  /// The results that differ, with the relative norm of the difference.
  func difference(from other: Bits) -> String {
    zip(results, other.results).filter { !ErrorMeasure.areIdentical($0.elements, $1.elements) }
      .map { "\($0.name) by \(ErrorMeasure.relative($0.elements, $1.elements))" }.joined(separator: ", ")
  }
}
