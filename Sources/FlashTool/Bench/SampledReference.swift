import FlashAttention
import ReferenceAttention

/// The exact results of a few rows of a case, against which every back end is measured.
///
/// A row of O or dQ needs one query and all keys, so rows of up to three heads are computed in fp64 as small problems
/// of their own. A row of dK or dV needs all queries, so these are compared only where a whole key/value head is cheap.
struct SampledReference<Element: AttentionElement> {
  /// Multiply-adds that a reference may take: about a second.
  private static var sampleBudget: Int { 40_000_000 }
  private static var wholeHeadBudget: Int { 8_000_000 }

  private struct HeadSample {
    let batch: Int
    let head: Int
    let rows: [Int]
    let output: [Double]
    let queryGradient: [Double]
  }

  private struct WholeHead {
    let keyGradient: [Double]
    let valueGradient: [Double]
  }

  private let samples: [HeadSample]
  private let wholeHead: WholeHead?

  init(_ problem: BenchProblem<Element>) throws {
    let shape = problem.benchCase.shape
    guard !shape.rows.contains(0) else {
      samples = []
      wholeHead = nil
      return
    }
    let heads = Self.spread(3, below: shape.batch * shape.queryHeads)
    let workPerRow = max(shape.keyLength * (shape.headDimension + shape.valueDimension) * heads.count, 1)
    let rows = Self.spread(min(max(Self.sampleBudget / workPerRow, 1), 8), below: shape.queryLength)
    samples = try heads.map { index in
      try Self.sample(problem, batch: index / shape.queryHeads, head: index % shape.queryHeads, rows: rows)
    }
    let (work, overflow) = (shape.headsPerGroup * shape.queryLength * (shape.headDimension + shape.valueDimension))
      .multipliedReportingOverflow(by: shape.keyLength)
    wholeHead =
      problem.outputGradient != nil && !overflow && work <= Self.wholeHeadBudget ? try Self.firstHead(problem) : nil
  }

  /// Up to `count` numbers below `limit`, evenly apart, with the first and the last.
  static func spread(_ count: Int, below limit: Int) -> [Int] {
    let count = min(count, limit)
    if count <= 1 { return count == 1 ? [limit - 1] : [] }
    return (0..<count).map { $0 * (limit - 1) / (count - 1) }
  }

  /// The greatest relative error ‖result − reference‖ / ‖reference‖ of the tensors in `results`.
  func error(of results: BenchProblem<Element>.Results) throws -> Double {
    var errors: [Double] = []
    if let output = results.forward?.output {
      errors.append(ErrorMeasure.relative(rows(of: output), samples.flatMap(\.output)))
    }
    if let gradients = results.gradients {
      errors.append(ErrorMeasure.relative(rows(of: gradients.queries), samples.flatMap(\.queryGradient)))
      if let wholeHead {
        errors.append(ErrorMeasure.relative(try Self.firstHead(of: gradients.keys), wholeHead.keyGradient))
        errors.append(ErrorMeasure.relative(try Self.firstHead(of: gradients.values), wholeHead.valueGradient))
      }
    }
    return errors.max() ?? 0
  }

  private func rows(of tensor: Tensor<Element>) -> [Double] {
    let view = tensor.view
    return samples.flatMap { sample in
      Self.elements(view, batch: sample.batch, head: sample.head, rows: sample.rows).map { Double($0) }
    }
  }

  private static func firstHead(of tensor: Tensor<Element>) throws -> [Double] {
    try tensor.view.sliced(0, 0..<1).sliced(1, 0..<1).scalars.map { Double($0) }
  }
}

// MARK: Computing the reference

extension SampledReference {
  private static func elements(_ view: TensorView<Element>, batch: Int, head: Int, rows: [Int]) -> [Element] {
    rows.flatMap { row in (0..<view.shape[3]).map { view[batch, head, row, $0] } }
  }

  /// Some rows of one head as a problem of their own, whose mask is written out because the rows' places are lost.
  private static func sample(
    _ problem: BenchProblem<Element>, batch: Int, head: Int, rows: [Int]
  ) throws -> HeadSample {
    let shape = problem.benchCase.shape
    func gathered(_ tensor: Tensor<Element>) throws -> Tensor<Element> {
      let elements = elements(tensor.view, batch: batch, head: head, rows: rows)
      return try Tensor(elements, shape: [1, 1, rows.count, tensor.shape[3]])
    }
    let group = head / shape.headsPerGroup
    let permitted = rows.flatMap { row in
      (0..<shape.keyLength).map { key in
        problem.mask.permits(query: row, key: key, queryLength: shape.queryLength, keyLength: shape.keyLength)
      }
    }
    let reference = try ReferenceAttention(
      queries: gathered(problem.queries),
      keys: problem.keys.view.sliced(0, batch..<batch + 1).sliced(1, group..<group + 1),
      values: problem.values.view.sliced(0, batch..<batch + 1).sliced(1, group..<group + 1),
      booleanMask: Tensor(permitted, shape: [1, 1, rows.count, shape.keyLength]).view)
    let queryGradient = try problem.outputGradient.map { outputGradient in
      try reference.gradients(outputGradient: gathered(outputGradient)).queries.scalars
    }
    return HeadSample(
      batch: batch, head: head, rows: rows, output: try reference.forward().output.scalars,
      queryGradient: queryGradient ?? [])
  }

  /// dK and dV of the first key/value head, from all the query heads that share it.
  private static func firstHead(_ problem: BenchProblem<Element>) throws -> WholeHead? {
    guard let outputGradient = problem.outputGradient else { return nil }
    let heads = 0..<problem.benchCase.shape.headsPerGroup
    let reference = try ReferenceAttention(
      queries: problem.queries.view.sliced(0, 0..<1).sliced(1, heads),
      keys: problem.keys.view.sliced(0, 0..<1).sliced(1, 0..<1),
      values: problem.values.view.sliced(0, 0..<1).sliced(1, 0..<1), mask: problem.mask)
    let gradients = try reference.gradients(outputGradient: outputGradient.view.sliced(0, 0..<1).sliced(1, heads))
    return WholeHead(keyGradient: gradients.keys.scalars, valueGradient: gradients.values.scalars)
  }
}
