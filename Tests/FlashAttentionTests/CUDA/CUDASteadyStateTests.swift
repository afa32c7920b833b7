import CUDADriver
import CallCounters
import Testing

@testable import FlashAttention

/// In a process of its own, in which nothing else allocates or locks.
@Suite("Prepared calls on a CUDA device in steady state", .enabled(if: call_counters_work()))
struct CUDASteadyStateTests {
  @Test("Allocate nothing and take no lock, with the same addresses or with others, whole or split")
  func steadyState() async {
    await #expect(processExitsWith: .success) {
      for lengths in [(2048, 2048), (1, 2048), (10, 2048)] {
        let driver = QuietDriver()
        let runtime = try CUDARuntime(driver: driver)
        let stream = try CUDAStream(in: runtime.context(on: runtime.device(at: nil)))
        let shape = try AttentionShape(
          batch: 2, queryHeads: 4, keyValueHeads: 2, queryLength: lengths.0, keyLength: lengths.1, headDimension: 64,
          valueDimension: 64)
        let descriptor = try AttentionDescriptor(
          shape: shape, elementType: .float16, hasBooleanMask: true, biasType: .float32)
        let plan = try CUDAAttentionPlan(descriptor, on: .ampere)
        #expect((plan.splits > 1) == (lengths.0 < 2048))
        var prepared = try plan.prepare(on: stream)
        let operands = CUDAOperands.dense(descriptor)
        var others = operands
        others.keys.pointer = operands.keys.pointer.advanced(by: 256)
        others.output.pointer = operands.output.pointer.advanced(by: 512)
        try prepared.enqueue(operands)
        try prepared.enqueue(others)
        let before = driver.launches
        call_counters_start()
        for _ in 0..<100 {
          try prepared.enqueue(operands)
          try prepared.enqueue(operands)
          try prepared.enqueue(others)
        }
        let counts = call_counters_stop()
        #expect(driver.launches - before == 300 * plan.modules.count)
        #expect(counts.allocations == 0, "\(lengths): \(counts.allocations) calls of the allocator")
        #expect(counts.locks == 0, "\(lengths): \(counts.locks) locks")
      }
    }
  }
}
