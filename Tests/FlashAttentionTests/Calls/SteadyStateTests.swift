import CallCounters
import Foundation
import Synchronization
import Testing

@testable import FlashAttention

/// In processes of their own, in which nothing else allocates, locks or has started a thread.
@Suite("Planned calls in steady state", .enabled(if: call_counters_work()))
struct SteadyStateTests {
  @Test("The counters see allocations and locks, of the runtime's libraries too")
  func counters() async {
    await #expect(processExitsWith: .success) {
      call_counters_start()
      let text = [String](repeating: "as many characters as do not fit into the string itself", count: 10)
        .joined(separator: ", ")
      let counts = call_counters_stop()
      #expect(counts.allocations > 0)
      #expect(text.count > 100)

      var mutex = pthread_mutex_t()
      pthread_mutex_init(&mutex, nil)
      call_counters_start()
      pthread_mutex_lock(&mutex)
      pthread_mutex_unlock(&mutex)
      #expect(call_counters_stop().locks == 1)
    }
  }

  @Test("A planned forward call allocates nothing and takes no lock")
  func forward() async {
    await #expect(processExitsWith: .success) {
      for attentionCase in SteadyStateCases.all {
        for threads in [1, 2] { try SteadyStateCases.checkForward(attentionCase, threads: threads) }
      }
    }
  }

  @Test("A planned backward call allocates nothing and takes no lock")
  func backward() async {
    await #expect(processExitsWith: .success) {
      for attentionCase in SteadyStateCases.all {
        for threads in [1, 2] { try SteadyStateCases.checkBackward(attentionCase, threads: threads) }
      }
    }
  }

  @Test("No thread is started or woken for (1, 1, 64, 64)")
  func smallCall() async {
    await #expect(processExitsWith: .success) {
      let inputs = try AttentionInputs<Float>(AttentionCase(lengths: (64, 64), dimensions: (64, 64)))
      let result = try inputs.forward(ExecutionOptions(threads: 8))
      _ = try inputs.gradients(ExecutionOptions(threads: 1), after: result)
      #expect(ThreadPool.workerCount == 0)
    }
  }
}

private enum SteadyStateCases {
  static let all = [
    AttentionCase(lengths: (64, 64), dimensions: (64, 64)),
    AttentionCase(heads: (8, 8), lengths: (128, 128), dimensions: (64, 64), mask: .causal(.bottomRight)),
    // Decoding: parts of the keys, and their merges.
    AttentionCase(heads: (4, 2), lengths: (1, 4096), dimensions: (64, 64), element: .bfloat16),
    AttentionCase(
      heads: (4, 4), lengths: (130, 130), dimensions: (40, 24), element: .float16,
      booleanMask: BooleanMaskForm(form: .overHeads), bias: BiasForm(form: .matrix), softcap: 5),
  ]

  static func checkForward(_ attentionCase: AttentionCase, threads: Int) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let plan = try AttentionPlan(inputs.descriptor, .forward, options: ExecutionOptions(threads: threads))
      warmUp(threads) { _ = try? inputs.attend(plan) }
      var result = try inputs.attend(plan)
      try expectNoCalls("\(attentionCase), \(plan.threads) threads") { try inputs.attend(plan, into: &result) }
    }
    try attentionCase.element.withType { try check($0) }
  }

  static func checkBackward(_ attentionCase: AttentionCase, threads: Int) throws {
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let inputs = try AttentionInputs<Element>(attentionCase)
      let plan = try AttentionPlan(inputs.descriptor, .backward, options: ExecutionOptions(threads: threads))
      let result = try inputs.forward()
      warmUp(threads) { _ = try? inputs.differentiate(plan, after: result) }
      var gradients = try inputs.differentiate(plan, after: result)
      try expectNoCalls("\(attentionCase), \(plan.threads) threads") {
        try inputs.differentiate(plan, after: result, into: &gradients)
      }
    }
    try attentionCase.element.withType { try check($0) }
  }

  /// Makes a call on every thread of the pool: the runtime allocates what it keeps for a thread when that first needs
  /// it, and on a busy machine a thread may begin with its first work item only after many calls.
  private static func warmUp(_ threads: Int, _ call: () -> Void) {
    let arrived = Atomic<Int>(0)
    Parallel.forEach(threads, threads: threads, workspaceSize: 0) { _, _ in
      arrived.add(1, ordering: .relaxed)
      while arrived.load(ordering: .relaxed) < threads { sched_yield() }
      call()
    }
  }

  private static func expectNoCalls(_ label: String, _ call: () throws -> Void) throws {
    try call()
    call_counters_start()
    for _ in 0..<100 { try call() }
    let counts = call_counters_stop()
    #expect(counts.allocations == 0, "\(label): \(counts.allocations) calls of the allocator")
    #expect(counts.locks == 0, "\(label): \(counts.locks) locks")
  }
}
