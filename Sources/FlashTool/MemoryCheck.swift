import FlashAttention

/// Refuses a problem that the machine has no memory for, which would otherwise end the process.
enum MemoryCheck {
  /// The greatest product of all sizes of a shape: far beyond what runs in a year, and far below what overflows.
  private static let greatestWork = 1 << 56

  /// Checks the results and the scratch memory of passes over the same problem that are run one after another.
  ///
  /// - Parameters:
  ///   - plans: The passes.
  ///   - inputBytes: Memory that the inputs take, beside mapped files.
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the machine has less memory.
  static func require(_ plans: [PassPlan], inputBytes: Int = 0) throws {
    guard let first = plans.first else { return }
    guard isCountable(first.descriptor.shape) else {
      throw AttentionError.unavailable("memory for \(first.descriptor.shape)", reason: "no machine has as much")
    }
    let results = plans.map { resultBytes($0) }.reduce(0, +)
    let needed = inputBytes + results + (plans.map { scratchBytes($0) }.max() ?? 0)
    let memory = Processor.current.memory
    guard needed <= memory else {
      throw AttentionError.unavailable(
        "memory for the call",
        reason: "it needs \(ByteCount.description(needed)) of the machine's \(ByteCount.description(memory))")
    }
  }

  /// Whether no size that is derived from a shape overflows, empty axes notwithstanding.
  static func isCountable(_ shape: AttentionShape) -> Bool {
    var work = 1
    for size in shape.scores + [max(shape.headDimension, shape.valueDimension)] {
      let (product, overflow) = work.multipliedReportingOverflow(by: max(size, 1))
      if overflow || product > greatestWork { return false }
      work = product
    }
    return true
  }

  /// The bytes of what a pass returns.
  static func resultBytes(_ plan: PassPlan) -> Int {
    let shape = plan.descriptor.shape
    let element = plan.descriptor.elementType.byteCount
    switch plan.direction {
    case .forward: return count(shape.output) * element + count(shape.rows) * 4
    case .backward: return (count(shape.queries) + count(shape.keys) + count(shape.values)) * element
    }
  }

  private static func scratchBytes(_ plan: PassPlan) -> Int {
    // The mask's pairs need not be counted where there are none, which with a long empty problem would take for ever.
    guard case .processor(let plan, _) = plan, !plan.descriptor.shape.scores.contains(0) else { return 0 }
    return plan.cost.extraBytes
  }

  /// The number of elements of a shape.
  static func count(_ shape: [Int]) -> Int { shape.reduce(1, *) }
}
