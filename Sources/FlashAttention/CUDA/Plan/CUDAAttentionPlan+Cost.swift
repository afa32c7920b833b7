/// What a plan predicts that a call on a CUDA device will cost, beside standard attention.
public struct CUDAAttentionCost: Sendable, Hashable {
  /// Floating-point operations of the matrix products.
  public let operations: Double
  /// Bytes that flash attention reads from and writes to device memory.
  public let flashBytes: Double
  /// Bytes that standard attention does.
  public let standardBytes: Double
  /// Device memory that flash attention needs beyond its inputs and results.
  public let flashExtraBytes: Double
  /// Device memory that standard attention does: scores and probabilities in the element type.
  public let standardExtraBytes: Double
}

extension CUDAAttentionPlan {
  /// The predicted cost of the call.
  ///
  /// Flash attention reads queries once for each part of the keys, writes output and log-sum-exp once, and reads keys
  /// and values once for each tile of rows that sees them: what the second-level cache keeps from one tile for the next
  /// makes it less. Heads that share a tile share what it reads. Partial results are written and read once.
  ///
  /// Standard attention reads its inputs and writes its output once, and writes and reads scores, and then
  /// probabilities, in the element type. Element-wise masks and biases are counted for neither.
  public var cost: CUDAAttentionCost {
    let shape = descriptor.shape
    let element = Double(descriptor.elementType.byteCount)
    let heads = Double(shape.batch) * Double(shape.queryHeads)
    let rows = heads * Double(shape.queryLength)
    let keys = Double(shape.batch) * Double(shape.keyValueHeads) * Double(shape.keyLength)
    let dimensions = Double(shape.headDimension + shape.valueDimension)
    let queries = rows * Double(shape.headDimension) * element
    let results = rows * (Double(shape.valueDimension) * element + 4)
    let scores = rows * Double(shape.keyLength) * element
    let partial = Double(CUDAWorkspace(self).partialBytes)
    return CUDAAttentionCost(
      operations: AttentionCost.operations(descriptor, .forward),
      flashBytes: Double(splits) * queries + results + 2 * partial
        + heads / Double(headsPerTile) * keysOfTiles * dimensions * element,
      standardBytes: queries + results + keys * dimensions * element + 4 * scores,
      flashExtraBytes: Double(workspaceBytes), standardExtraBytes: 2 * scores)
  }

  /// The keys that the tiles of a head, or of the heads that share them, see, summed over the tiles.
  private var keysOfTiles: Double {
    let shape = descriptor.shape
    let mask = descriptor.mask
    let queriesPerTile = max(tile.rows / headsPerTile, 1)
    let tiles = (shape.queryLength + queriesPerTile - 1) / queriesPerTile
    guard mask.left != nil || mask.right != nil else { return Double(tiles) * Double(shape.keyLength) }
    let diagonal = mask.diagonal(queryLength: shape.queryLength, keyLength: shape.keyLength)
    var sum = 0.0
    for index in 0..<tiles {
      let first = index * queriesPerTile
      let last = min(first + queriesPerTile, shape.queryLength) - 1
      let begin = mask.left.map { max(first + diagonal - $0, 0) } ?? 0
      let end = mask.right.map { min(last + diagonal + $0 + 1, shape.keyLength) } ?? shape.keyLength
      sum += Double(max(end - begin, 0))
    }
    return sum
  }
}

/// What a step of the loop over keys costs a multiprocessor, in cycles, counted from the kernel's text; inside of the
/// band.
public struct CUDAStepBudget: Sendable, Hashable {
  /// Cycles of the tensor cores, of the units for exponentials, in which instructions are issued, and of shared memory.
  public let tensor: Double
  public let exponential: Double
  public let issue: Double
  public let shared: Double
  /// The part of the time that the tensor cores are used: where all else runs beside them, and where nothing does.
  public let utilizationWithOverlap: Double
  public let utilizationWithoutOverlap: Double
}

extension CUDAAttentionPlan {
  /// The budget of a step of the main kernel, from the rates in NVIDIA's tables; no measurement.
  public var budget: CUDAStepBudget {
    let budget = choice.kernel.budget
    return CUDAStepBudget(
      tensor: budget.tensor, exponential: budget.exponential, issue: budget.issue, shared: budget.shared,
      utilizationWithOverlap: budget.utilizationWithOverlap,
      utilizationWithoutOverlap: budget.utilizationWithoutOverlap)
  }
}
