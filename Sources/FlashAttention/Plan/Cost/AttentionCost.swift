/// What a plan predicts that a call will cost.
public struct AttentionCost: Sendable, Hashable {
  /// Floating-point operations of the matrix products.
  public let operations: Double
  /// Bytes fetched into each level of the memory hierarchy from the one beyond it.
  public let traffic: Traffic
  /// Memory that the call needs beyond its inputs and results, in bytes.
  public let extraBytes: Int

  /// Bytes fetched between neighbouring levels of the memory hierarchy.
  ///
  /// Whole cache lines count, whether they are read or only written, because caches fetch what they are about to write.
  /// What a level later writes back is not counted again. Element-wise masks and biases are not counted.
  public struct Traffic: Sendable, Hashable {
    /// From the main memory into the last-level cache.
    public let memory: Double
    /// From the last-level cache into the second-level caches.
    public let level3: Double
    /// From the second-level caches into the first-level caches.
    public let level2: Double
  }
}

extension AttentionCost {
  /// The operations of the products: 4 · pairs · (D + Dv) / 2 forward, 2.5 times that backward.
  static func operations(_ descriptor: AttentionDescriptor, _ direction: AttentionDirection) -> Double {
    let shape = descriptor.shape
    let pairs = descriptor.mask.permittedPairs(queryLength: shape.queryLength, keyLength: shape.keyLength)
    let forward =
      2 * Double(shape.batch * shape.queryHeads) * pairs
      * Double(shape.headDimension + shape.valueDimension)
    return direction == .forward ? forward : 2.5 * forward
  }

  /// The size of the matrices that standard attention keeps: scores forward, P and dS backward. Nil where it overflows.
  static func standardMatrixBytes(_ shape: AttentionShape, _ direction: AttentionDirection) -> Int? {
    let factors = [shape.batch, shape.queryHeads, shape.queryLength, shape.keyLength, direction == .forward ? 4 : 8]
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      product = next
    }
    return product
  }
}

extension AttentionPlan {
  /// The floating-point operations of the call's matrix products; see ``AttentionCost/operations``.
  public var operations: Double { AttentionCost.operations(descriptor, direction) }

  /// The predicted cost of the call under this plan.
  public var cost: AttentionCost { cost(of: processorBackend) }

  /// The predicted cost of the same call with another back end of the processor.
  public func cost(of backend: ProcessorBackend) -> AttentionCost {
    let access = KernelAccess(self, backend)
    let fetched: (CacheLevel) -> Double =
      switch (backend, direction) {
      case (.cpu, .forward): FlashForwardTraffic(access).fetched
      case (.cpu, .backward): FlashBackwardTraffic(access).fetched
      case (.standard, .forward): StandardForwardTraffic(access).fetched
      case (.standard, .backward): StandardBackwardTraffic(access).fetched
      }
    return AttentionCost(
      operations: operations,
      traffic: AttentionCost.Traffic(
        memory: fetched(CacheLevel(capacity: processor.level3Cache)),
        level3: fetched(CacheLevel(capacity: processor.level2Cache)),
        level2: fetched(CacheLevel(firstLevel: processor.level1Cache))),
      extraBytes: backend == .cpu
        ? flashExtraBytes : AttentionCost.standardMatrixBytes(descriptor.shape, direction) ?? .max)
  }

  /// The scratch of all threads, and backward the sums of dQ and the row statistics.
  private var flashExtraBytes: Int {
    let perThread = threads * workspaceBytes
    if direction == .forward { return perThread }
    let shape = descriptor.shape
    let rows = shape.batch * shape.queryHeads * shape.queryLength
    return perThread + rows * 8 + (keepsQueryGradientSums ? rows * queryGradientStride * 4 : 0)
  }
}
