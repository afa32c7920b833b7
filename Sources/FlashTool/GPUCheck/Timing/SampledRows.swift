import CUDADriver
import FlashAttention
import ReferenceAttention

/// A few rows of the last head of a timed call, against fp64: a kernel that is fast and wrong is not fast.
struct SampledRows {
  private let problem: TimingProblem
  private let stream: CUDAStream

  init(_ problem: TimingProblem, on device: CheckedDevice) {
    self.problem = problem
    stream = device.stream
  }

  func line() throws -> CheckLine {
    let error = try error()
    let name = "\(problem.posed.name), sampled rows"
    return CheckLine(
      kind: .correctness, name: name,
      members: problem.posed.jsonMembers + [
        ("isa", .text(problem.plan.instructionSet)), ("kernel", .text(problem.plan.kernelName)),
        ("rows_compared", .integer(rows.count)),
      ] + error.jsonMembers,
      text: "\(error.isKept ? "correct " : "WRONG   ") \(name): \(error.text)",
      verdict: .contract(isKept: error.isKept))
  }

  private var rows: [Int] {
    let length = problem.posed.shape.queryLength
    return Array(Set([0, length / 2, length - 1])).sorted()
  }

  private func error() throws -> ContractError {
    let (shape, mask, set) = (problem.posed.shape, problem.posed.mask, problem.firstSet)
    let (rows, width) = (rows, shape.valueDimension)
    // The last head, which is also the last of its group.
    let firstRow = (shape.batch * shape.queryHeads - 1) * shape.queryLength
    let firstKey = (shape.batch * shape.keyValueHeads - 1) * shape.keyLength
    func exact(_ buffer: DeviceBuffer, first: Int, count: Int, width: Int) throws -> [Double] {
      let span = try buffer.span.part(at: first * width * 2, byteCount: count * width * 2)
      return try stream.download(span, as: UInt16.self).map { AttentionElementType.bfloat16.number(of: $0) }
    }
    let queries = try rows.flatMap {
      try exact(set.queries, first: firstRow + $0, count: 1, width: shape.headDimension)
    }
    let output = try rows.flatMap { try exact(set.output, first: firstRow + $0, count: 1, width: width) }
    let logSumExp = try rows.map { row in
      let span = try set.logSumExp.span.part(at: (firstRow + row) * 4, byteCount: 4)
      return Double(try stream.download(span, as: Float.self)[0])
    }
    let keys = try Tensor(
      exact(set.keys, first: firstKey, count: shape.keyLength, width: shape.headDimension),
      shape: [1, 1, shape.keyLength, shape.headDimension])
    let values = try Tensor(
      exact(set.values, first: firstKey, count: shape.keyLength, width: width), shape: [1, 1, shape.keyLength, width])
    // The rows' places are lost, so the mask is written out.
    let permitted = rows.flatMap { row in
      (0..<shape.keyLength).map { key in
        mask.permits(query: row, key: key, queryLength: shape.queryLength, keyLength: shape.keyLength)
      }
    }
    func reference(_ precision: ReferenceAttention.Precision) throws -> ReferenceAttention {
      try ReferenceAttention(
        exactly: Tensor(queries, shape: [1, 1, rows.count, shape.headDimension]), keys: keys, values: values,
        scale: Double(problem.plan.descriptor.scale),
        booleanMask: Tensor(permitted, shape: [1, 1, rows.count, shape.keyLength]).view, precision: precision)
    }
    return ContractError(
      rows: rows.indices.map { (0, 0, $0) }, exact: try reference(.exact),
      materialized: try reference(.materialized(.bfloat16)), type: .bfloat16, output: output, logSumExp: logSumExp)
  }
}
