import CUDADriver
import FlashAttention

/// The tensors of a timed call, and the call bound to them.
///
/// A set of its own for each repetition in turn, so that none finds its inputs in the second-level cache.
final class TimingSet {
  let queries: DeviceBuffer
  let keys: DeviceBuffer
  let values: DeviceBuffer
  let output: DeviceBuffer
  let logSumExp: DeviceBuffer
  private let operands: CUDAOperands
  private var prepared: PreparedCUDAAttention

  init(_ plan: CUDAAttentionPlan, filledFrom numbers: DeviceNumbers, at place: Int, on stream: CUDAStream) throws {
    let shape = plan.descriptor.shape
    func memory(_ shape: [Int]) throws -> DeviceBuffer {
      try DeviceBuffer(byteCount: MemoryCheck.count(shape) * 2, on: stream)
    }
    func dense(_ buffer: DeviceBuffer, _ shape: [Int]) -> CUDAOperand {
      let strides = OperandLayout.dense.strides(shape)
      return CUDAOperand(
        pointer: buffer.pointer, strides: CUDAStrides(batch: strides[0], head: strides[1], row: strides[2]))
    }
    queries = try memory(shape.queries)
    keys = try memory(shape.keys)
    values = try memory(shape.values)
    output = try memory(shape.output)
    logSumExp = try DeviceBuffer(byteCount: MemoryCheck.count(shape.rows) * 4, on: stream)
    try numbers.fill(queries, from: place)
    try numbers.fill(keys, from: place + 100_003)
    try numbers.fill(values, from: place + 200_017)
    operands = CUDAOperands(
      queries: dense(queries, shape.queries), keys: dense(keys, shape.keys), values: dense(values, shape.values),
      output: dense(output, shape.output), logSumExp: logSumExp.pointer)
    prepared = try plan.prepare(on: stream)
  }

  /// Queues the call.
  func enqueue() throws { try prepared.enqueue(operands) }
}
