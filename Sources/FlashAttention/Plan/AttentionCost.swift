/// What a plan predicts that a call will cost.
public struct AttentionCost: Sendable, Hashable {
  /// Floating-point operations of the matrix products.
  public let operations: Double
  /// Bytes moved between each level of the memory hierarchy and the one nearer to the core.
  public let traffic: Traffic
  /// Memory that the call needs beyond its inputs and results, in bytes.
  public let extraBytes: Int

  /// Bytes moved between neighbouring levels of the memory hierarchy.
  public struct Traffic: Sendable, Hashable {
    /// Between the main memory and the last-level cache.
    public let memory: Double
    /// Between the last-level cache and the second-level caches.
    public let level3: Double
    /// Between the second-level caches and the first-level caches.
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
  public var cost: AttentionCost { cost(of: backend) }

  /// The predicted cost of the same call with another back end.
  ///
  /// The model counts compulsory moves. A block that is walked over repeatedly is fetched again from the first level
  /// that holds all of it, and stays in every level that it fits into half of.
  public func cost(of backend: Backend) -> AttentionCost {
    AttentionCost(
      operations: operations, traffic: backend == .cpu ? flashTraffic : standardTraffic,
      extraBytes: backend == .cpu
        ? flashExtraBytes : AttentionCost.standardMatrixBytes(descriptor.shape, direction) ?? .max)
  }

  private var shape: AttentionShape { descriptor.shape }

  /// The part of the score matrix that is computed at all.
  private var density: Double {
    let all = Double(shape.queryLength) * Double(shape.keyLength)
    if all == 0 { return 0 }
    return descriptor.mask.permittedPairs(queryLength: shape.queryLength, keyLength: shape.keyLength) / all
  }

  private var elementBytes: Double { Double(descriptor.elementType.byteCount) }
  private var queryHeads: Double { Double(shape.batch * shape.queryHeads) }

  /// Bytes of the rows that each query brings (Q and O; backward also dO, dQ) and each key brings (K and V; dK and dV).
  private var bytesPerQuery: Double {
    elementBytes * Double(shape.headDimension + shape.valueDimension) * (direction == .forward ? 1 : 2)
  }
  private var bytesPerKey: Double {
    elementBytes * Double(shape.headDimension + shape.valueDimension) * (direction == .forward ? 1 : 2)
  }

  /// Each input and result once.
  private var compulsory: Double {
    queryHeads * Double(shape.queryLength) * bytesPerQuery
      + Double(shape.batch * shape.keyValueHeads) * Double(shape.keyLength) * bytesPerKey
  }

  private var flashTraffic: AttentionCost.Traffic {
    // Forward, every block of queries walks over the keys; backward, every block of keys walks over the queries.
    let walked: Double
    let walks: Double
    let groupWalks: Double
    let width = Double(Self.laneGroupWidth(instructionSet))
    if direction == .forward {
      walked = Double(shape.keyLength) * bytesPerKey
      walks = (Double(shape.queryLength) / Double(tiles.queryBlock)).rounded(.up)
      groupWalks = (Double(shape.queryLength) / width).rounded(.up)
    } else {
      walked = Double(shape.queryLength) * (bytesPerQuery + 4 * Double(shape.headDimension))
      walks = (Double(shape.keyLength) / Double(tiles.keyBlock)).rounded(.up)
      groupWalks = (Double(shape.keyLength) / width).rounded(.up)
    }
    let rewalked = queryHeads * walked * max(walks * density - 1, 0)
    // Per lane group and block: the walked rows, the packed lanes and the accumulators.
    let blocks =
      Double(direction == .forward ? shape.keyLength : shape.queryLength)
      / Double(direction == .forward ? tiles.keyBlock : tiles.queryBlock)
    let lanes = width * 4 * Double(shape.headDimension + 2 * shape.valueDimension) * (direction == .forward ? 1 : 2)
    let level2 = queryHeads * groupWalks * density * (walked + blocks.rounded(.up) * lanes)
    return AttentionCost.Traffic(
      memory: compulsory + (walked > Double(processor.level3Cache) / 2 ? rewalked : 0),
      level3: compulsory + (walked > Double(processor.level2Cache) / 2 ? rewalked : 0),
      level2: compulsory + level2)
  }

  private var standardTraffic: AttentionCost.Traffic {
    // Forward: S written; read for the maximum, read and written for 2^(S − m), read and written to normalise, read for
    // P · V. Backward: P and dS written, each read for the key products, dS read for dQ.
    let matrix = queryHeads * Double(shape.queryLength) * Double(shape.keyLength) * 4
    let passes = direction == .forward ? 7.0 : 5.0
    let moved = compulsory + matrix * passes
    return AttentionCost.Traffic(
      memory: matrix > Double(processor.level3Cache) / 2 ? moved : compulsory,
      level3: matrix > Double(processor.level2Cache) / 2 ? moved : compulsory, level2: moved + flashTraffic.level2)
  }

  /// The scratch of all threads, and backward the sums of dQ and the row statistics.
  private var flashExtraBytes: Int {
    let perThread = threads * workspaceBytes
    if direction == .forward { return perThread }
    let rows = shape.batch * shape.queryHeads * shape.queryLength
    return perThread + rows * 8 + (keepsQueryGradientSums ? rows * queryGradientStride * 4 : 0)
  }
}
