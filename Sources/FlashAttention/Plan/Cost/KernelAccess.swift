import KernelIntrinsics

/// What the kernels touch in memory under a plan, in bytes, for dense operands.
struct KernelAccess {
  let shape: AttentionShape
  let tiles: TileShape
  /// The rows in the lanes of a tile.
  let laneGroup: Int
  /// The rows of the register tile that is three vectors wide.
  let tileRows: Double
  /// Whether there is one that is four vectors wide.
  let hasWideTiles: Bool
  /// The part of the score matrix that the mask permits.
  let density: Double
  /// The bytes of an element.
  let element: Double
  let keepsQueryGradientSums: Bool
  let threads: Double
  /// Whether a term is a pair of bf16 numbers.
  let hasPairs: Bool
  let usesMatrixUnit: Bool
  /// The bf16 numbers that stand for one number in memory that is prepared for products, where it is not fp32.
  private let parts: Int

  init(_ plan: AttentionPlan, _ backend: ProcessorBackend) {
    let descriptor = plan.descriptor
    shape = descriptor.shape
    laneGroup = AttentionPlan.laneGroupWidth(plan.instructionSet)
    tiles =
      backend == plan.processorBackend
      ? plan.tiles
      : TileShape.shape(
        backend, plan.direction, descriptor, laneGroupWidth: laneGroup,
        matrixUnitParts: plan.instructionSet.matrixUnitParts(descriptor, backend, plan.direction),
        threads: plan.threads, processor: plan.processor)
    (tileRows, hasWideTiles) =
      switch plan.instructionSet {
      case .portable: (3, false)
      case .avx2: (4, false)
      case .avx512, .avx512bf16, .amx: (8, true)
      }
    let all = Double(shape.queryLength) * Double(shape.keyLength)
    let permitted = descriptor.mask.permittedPairs(queryLength: shape.queryLength, keyLength: shape.keyLength)
    density = all == 0 ? 0 : permitted / all
    element = Double(descriptor.elementType.byteCount)
    keepsQueryGradientSums = plan.keepsQueryGradientSums
    threads = Double(plan.threads)
    hasPairs =
      (plan.instructionSet == .avx512bf16 || plan.instructionSet == .amx) && descriptor.elementType == .bfloat16
      && backend == .cpu
    let matrixUnitParts = plan.instructionSet.matrixUnitParts(descriptor, backend, plan.direction)
    usesMatrixUnit = matrixUnitParts > 0
    parts = hasPairs ? 1 : matrixUnitParts
  }

  var queryHeads: Double { Double(shape.batch * shape.queryHeads) }
  var keyValueHeads: Double { Double(shape.batch * shape.keyValueHeads) }
  var queries: Double { Double(shape.queryLength) }
  var keys: Double { Double(shape.keyLength) }
  var headDimension: Double { Double(shape.headDimension) }
  var valueDimension: Double { Double(shape.valueDimension) }
  var queryBlock: Double { Double(min(tiles.queryBlock, max(shape.queryLength, 1))) }
  var keyBlock: Double { Double(min(tiles.keyBlock, max(shape.keyLength, 1))) }
  var keysPerVisit: Double { Double(min(tiles.keysPerVisit, max(shape.keyLength, 1))) }
  var lanes: Double { Double(laneGroup) }
  var lanesPerVector: Double { lanes / 3 }

  /// Each query's rows of Q and O, and each key's of K and V.
  var rowPair: Double { element * (headDimension + valueDimension) }

  /// A row of the fp32 sums of dQ.
  var queryGradientRow: Double { padded(headDimension * 4) }

  /// The rows that a backward pass reads and writes once at least: O, and of Q, dO and dQ, K, V, dK and dV each.
  var compulsoryBackward: Double {
    let separateSums = keepsQueryGradientSums ? queryGradientRow : 0
    return queryHeads * queries * (2 * rowPair + separateSums) + keyValueHeads * keys * 2 * rowPair
  }

  /// The bytes of one number in packed memory.
  var packedNumber: Double { parts > 0 ? Double(2 * parts) : 4 }

  /// A lane group's rows, packed.
  func packed(_ columns: Double) -> Double { columns * lanes * packedNumber }

  /// A lane group's sums.
  func sums(_ columns: Double) -> Double { columns * lanes * 4 }

  /// The keys that `count` neighbouring queries see together on average; likewise with the axes exchanged.
  func seen(by count: Double, of length: Double) -> Double {
    density < 1 ? min(length, density * length + count / 2) : length
  }
}

extension KernelAccess {
  /// Rows of an operand as scalars of a product, or where sums lie by row as its vectors.
  struct Rows {
    /// The bytes of a row as it is stored.
    let stored: Double
    /// The bytes of a row as the product reads it.
    let read: Double
    /// Whether these are in scratch memory.
    let isCopied: Bool
    /// The distance of neighbouring rows of terms.
    fileprivate let stride: Double
    /// The rows that share a row of terms.
    fileprivate let perTerm: Double

    /// The bytes of a row in scratch memory.
    var copied: Double { isCopied ? read : 0 }

    /// The lines of `count` rows that register tiles read one after the other where a product sums along the rows.
    func column(_ count: Double, width: Double = 64) -> StridedColumn {
      StridedColumn(rows: (count / perTerm).rounded(.up), width: width, stride: stride)
    }
  }

  /// Rows whose terms run along the columns: in place where their elements are terms, and not a multiple of 4 KiB
  /// apart.
  func rows(_ columns: Double) -> Rows {
    let stored = columns * element
    let areTerms = hasPairs ? columns.truncatingRemainder(dividingBy: 2) == 0 : parts == 0 && element == 4
    return areTerms && stored.truncatingRemainder(dividingBy: 4096) != 0
      ? Rows(stored: stored, read: stored, isCopied: false, stride: stored, perTerm: 1)
      : copy(stored: stored, terms: columns * packedNumber / 4, perTerm: 1)
  }

  /// `count` rows whose terms run along the rows: in place where a column of their lines spreads over the first-level
  /// cache. Rows of pairs are interleaved.
  func columns(_ columns: Double, of count: Double) -> Rows {
    if parts > 0 { return copiedRows(columns) }
    let rows = rows(columns)
    return rows.isCopied || spreads(rows, count) ? rows : copiedRows(columns)
  }

  /// Rows in scratch memory, where their terms run along the rows.
  func copiedRows(_ columns: Double) -> Rows {
    copy(stored: columns * element, terms: columns * Double(max(parts, 1)), perTerm: parts > 0 ? 2 : 1)
  }

  /// Rows of scratch memory are an odd number of lines apart.
  private func copy(stored: Double, terms: Double, perTerm: Double) -> Rows {
    let lines = (terms * 4 / CacheLevel.line).rounded(.up)
    let stride = (lines.truncatingRemainder(dividingBy: 2) == 0 ? lines + 1 : lines) * CacheLevel.line
    return Rows(stored: stored, read: padded(terms * 4) / perTerm, isCopied: true, stride: stride, perTerm: perTerm)
  }

  /// The kernels' own criterion.
  private func spreads(_ rows: Rows, _ count: Double) -> Bool {
    if hasWideTiles || rows.stride.truncatingRemainder(dividingBy: CacheLevel.line) != 0 { return true }
    let sets = CacheLevel.page / rows.column(count).spacing(within: CacheLevel.page)
    return sets * 4 >= count
  }

  /// The fp32 numbers, or pairs, of a cache line.
  static let termsInLine = 16.0

  /// The bytes of a row of fp32 numbers in whole vectors.
  func padded(_ bytes: Double) -> Double {
    let vector = lanesPerVector * 4
    return (bytes / vector).rounded(.up) * vector
  }

  /// What a product that sums along `count` rows fetches more than once, where `columns` sums of each row in the lanes
  /// of `tile` are computed.
  func fetchedAgain(_ rows: Rows, _ count: Double, _ columns: Double, beside tile: Double, in level: CacheLevel)
    -> Double
  {
    sumsLieByRow(columns)
      ? fetchedAgainByRow(count * rows.read, columns, tile, in: level)
      : conflicts(rows, count, columns, beside: tile, in: level)
  }

  /// The kernels' own criterion.
  func sumsLieByRow(_ columns: Double) -> Bool {
    !usesMatrixUnit && kernel_sums_lie_by_row(Int(columns), Int(lanesPerVector))
  }

  /// Each register tile reads all of the operand, and the lines of `tile` that its rows lie in. Its sums come and go
  /// twice, before and after.
  private func fetchedAgainByRow(_ operand: Double, _ columns: Double, _ tile: Double, in level: CacheLevel) -> Double {
    let tileRows = Double(kernel_rows_of_sums_by_row(Int(columns), Int(lanesPerVector)))
    let tiles = (lanes / tileRows).rounded(.up)
    let lines = tile / lanes * (Self.termsInLine + tileRows - 1)
    let sums = 2 * tileRows * columns * 4
    return level.holds(operand + lines + sums) ? 0 : (tiles - 1) * operand + max(0, tiles * lines - tile)
  }

  /// What a product fetches more than once whose register tiles read a few columns of all the rows and all of `tile`,
  /// because lines of the rows push each other out.
  ///
  /// The tiles whose columns share lines read the same column of lines in turn. The sums come and go twice for each
  /// tile, before and after.
  private func conflicts(
    _ rows: Rows, _ count: Double, _ columns: Double, beside tile: Double, in level: CacheLevel
  ) -> Double {
    let inLine = Self.termsInLine
    let sums = 2 * sums(tileRows)
    return (columns / inLine).rounded(.up)
      * level.refetched(
        rows.column(count), rounds: max(min(columns, inLine) / tileRows, 1), beside: tile + sums)
  }
}
