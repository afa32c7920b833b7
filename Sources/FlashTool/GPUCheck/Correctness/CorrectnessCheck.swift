import CUDADriver
import FlashAttention
import ReferenceAttention

/// A case of the grid on the device with kernels of one family, against the contract.
struct CorrectnessCheck {
  let device: CheckedDevice
  let posed: CorrectnessCase
  let family: KernelFamily
  /// Whether keys may be split. On a device of many multiprocessors small problems always would be.
  let splitsKeys: Bool
  let numbers: NormalNumbers

  var name: String { "\(posed.name), \(family.rawValue)\(splitsKeys ? "" : ", unsplit")" }

  /// What one run left in device memory.
  private struct Outcome: Equatable {
    let output: [UInt16]
    let logSumExp: [UInt32]
  }

  /// Computes the case twice into poisoned memory, and compares rows with fp64.
  func line() throws -> CheckLine {
    let data = CorrectnessData(posed, numbers)
    let (stream, shape, layout) = (device.stream, posed.shape, posed.layout)
    let queries = try GuardedOperand(data.queries, shape.queries, layout, on: stream)
    let keys = try GuardedOperand(data.keys, shape.keys, layout, on: stream)
    let values = try GuardedOperand(data.values, shape.values, layout, on: stream)
    let mask = try data.maskOperand(on: stream)
    let bias = try data.biasOperand(on: stream)
    let output = try GuardedOperand(shape.output, layout, on: stream)
    // A guard of as many numbers follows.
    let rowCount = MemoryCheck.count(shape.rows)
    let logSumExp = try DeviceBuffer(byteCount: (2 * rowCount + 64) * 4, on: stream)
    let operands = CUDAOperands(
      queries: queries.operand, keys: keys.operand, values: values.operand, output: output.operand,
      logSumExp: logSumExp.pointer, booleanMask: mask?.operand, bias: bias?.operand)
    let plan = try CUDAAttentionPlan(
      posed.descriptor(), layout: CUDARowLayout(operands, shape),
      on: device.traits(of: family, splitsKeys: splitsKeys))
    var prepared = try plan.prepare(on: stream)
    var outcomes: [Outcome] = []
    for _ in 0..<2 {
      try output.poison()
      try stream.fill(logSumExp.span, with: 0xff)
      try prepared.enqueue(operands)
      outcomes.append(
        Outcome(output: try output.contents(), logSumExp: try stream.download(logSumExp.span, as: UInt32.self)))
    }
    try withExtendedLifetime((queries, keys, values, mask?.buffer, bias?.buffer)) { try stream.synchronize() }
    let strayWrites =
      output.strayWrites(in: outcomes[0].output) + outcomes[0].logSumExp[rowCount...].count { $0 != .max }
    return try line(
      plan, data, output.elements(of: outcomes[0].output),
      outcomes[0].logSumExp[..<rowCount].map { Double(Float(bitPattern: $0)) }, strayWrites: strayWrites,
      isRepeatable: outcomes[0] == outcomes[1])
  }

  private func line(
    _ plan: CUDAAttentionPlan, _ data: CorrectnessData, _ output: [UInt16], _ logSumExp: [Double], strayWrites: Int,
    isRepeatable: Bool
  ) throws -> CheckLine {
    let shape = posed.shape
    let chosen = Self.rows(of: shape)
    let width = shape.valueDimension
    let error = ContractError(
      rows: chosen.map { index in
        let plane = index / shape.queryLength
        return (plane / shape.queryHeads, plane % shape.queryHeads, index % shape.queryLength)
      },
      exact: try data.reference(.exact), materialized: try data.reference(.materialized(posed.element)),
      type: posed.element,
      output: chosen.flatMap { row in output[row * width..<(row + 1) * width].map { posed.element.number(of: $0) } },
      logSumExp: chosen.map { logSumExp[$0] })
    let isKept = error.isKept && strayWrites == 0 && isRepeatable
    let faults =
      (isRepeatable ? "" : ", differs from run to run")
      + (strayWrites == 0 ? "" : ", \(strayWrites) elements written outside")
    return CheckLine(
      kind: .correctness, name: name,
      members: [
        ("shape", .array(shape.sizes.map { .integer($0) })), ("isa", .text(plan.instructionSet)),
        ("kernel", .text(plan.kernelName)), ("splits", .integer(plan.splits)),
        ("rows_compared", .integer(chosen.count)),
      ] + error.jsonMembers + [
        ("bits_repeat", .truth(isRepeatable)), ("stray_writes", .integer(strayWrites)),
      ],
      text: "\(isKept ? "correct " : "WRONG   ") \(name): \(error.text)\(faults)", verdict: .contract(isKept: isKept))
  }

  /// The products that a reference may take: well below a second.
  private static let referenceBudget = 6_000_000

  /// The rows that are compared: all, or as many as the reference has time for, evenly apart, and the last.
  private static func rows(of shape: AttentionShape) -> [Int] {
    let count = MemoryCheck.count(shape.rows)
    let workOfRow = max(shape.keyLength * (shape.headDimension + shape.valueDimension), 1)
    guard count > max(referenceBudget / workOfRow, 8) else { return Array(0..<count) }
    let step = count / max(referenceBudget / workOfRow, 8) | 1
    return Array(stride(from: 0, to: count - 1, by: step)) + [count - 1]
  }
}
