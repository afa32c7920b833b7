import KernelIntrinsics

/// Hands out parts of one block of scratch memory, each aligned to a cache line.
///
/// Only offsets are computed here, so that the same code says how much memory a kernel needs and where each part lies.
struct WorkspaceLayout {
  private(set) var byteCount = 0

  mutating func reserve(bytes: Int) -> Int {
    let offset = byteCount
    byteCount += (bytes + 63) / 64 * 64
    return offset
  }

  mutating func reserve(floats: Int) -> Int {
    reserve(bytes: floats * 4)
  }
}

extension KernelProblem {
  /// The rows of a block for which there has to be memory: of bf16 numbers whole tiles of the matrix unit, which take
  /// 32 rows at once.
  func memoryRows(_ block: Int) -> Int {
    isBrainFloat || matrixUnitParts > 0 ? paddedColumns(block, lanes: 32) : block
  }

  // Of numbers in parts, a row of terms holds two numbers of each row or column as so many parts; see SplitTerms. What
  // is not finite is computed with fp32 terms in the same memory.

  /// Whether numbers take several bf16 numbers in the format of products.
  private var isSplit: Bool { matrixUnitParts > 1 }

  /// The rows of memory that `rows` rows of numbers need to become terms in place, whole steps of the matrix unit where
  /// numbers are split.
  func termRows(_ rows: Int) -> Int { max(rows, rows / 2 * matrixUnitParts) }

  /// The memory of a group whose lanes hold packed rows, in fp32 numbers.
  func packedMemory(columns: Int, width: Int = LaneGroup.width) -> Int {
    isSplit ? termRows(paddedColumns(columns, lanes: 32)) * width : LaneGroup.memory(columns: columns, width: width)
  }

  /// The memory of rows whose terms run along the columns.
  func rowMemory(_ rows: Int, columns: Int) -> Int {
    let inParts = isSplit ? matrixUnitParts * scratchColumns((columns + 1) / 2) : 0
    return memoryRows(rows) * max(inParts, scratchColumns(columns))
  }

  /// The memory of rows whose terms run along the rows, as the scalars of a product.
  func columnMemory(_ rows: Int, columns: Int) -> Int {
    let inParts =
      isSplit ? paddedColumns(columns, lanes: 16) * matrixUnitParts * scratchColumns(memoryRows(rows) / 2) : 0
    return max(inParts, memoryRows(rows) * scratchColumns(columns))
  }

  /// The same as the vectors of a product.
  func columnVectorMemory(_ rows: Int, columns: Int) -> Int {
    isSplit ? (memoryRows(rows) / 2 + 16) * matrixUnitParts * scratchColumns(columns) : rows * scratchColumns(columns)
  }

  /// The memory of rows of dS of `width` keys, as the scalars of a product.
  func gradientRowMemory(_ rows: Int, width: Int) -> Int {
    isSplit
      ? memoryRows(rows) * matrixUnitParts * paddedColumns((width + 1) / 2, lanes: 16)
      : isBrainFloat ? memoryRows(rows) * width : 0
  }
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
    (self + offset).assumingMemoryBound(to: Float.self)
  }
}
