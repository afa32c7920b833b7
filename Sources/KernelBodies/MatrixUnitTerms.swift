import KernelIntrinsics

#if ISA_AMX
  /// Terms that are pairs of bf16 numbers, or of parts of other numbers, and whose products are computed by the matrix
  /// unit.
  protocol MatrixUnitArithmetic: TermArithmetic where ColumnLayout == ByRow {
    /// The number of ``parts``.
    associatedtype PartCount: Count
    /// The last order of products of parts that an exact product takes: the order of xᵢ · yⱼ is i + j.
    associatedtype LastOrder: Count
    /// The same where one operand has been rounded to its parts.
    associatedtype RoundedLastOrder: Count
  }

  extension MatrixUnitArithmetic {
    static var parts: Int { @inline(__always) get { PartCount.value } }
    static var numbersPerTerm: Int { @inline(__always) get { 2 } }
    static var rowStep: Int { @inline(__always) get { 2 * laneCount } }

    @inline(__always)
    static func resultRows(_ rows: Int) -> Int { paddedColumns(rows) }

    /// A factor would take packed numbers more bits than most have.
    @inline(__always)
    static func scoreFactors(_ problem: KernelProblem) -> (packed: Float, late: Float) {
      PairTerms.scoreFactors(problem)
    }

    static func stepsOfUnit(keys: Int, in problem: KernelProblem) -> Int {
      let scoreSteps = resultRows(keys) * depth(problem.headDimension) / (laneCount * laneCount)
      let scoreProducts = MatrixUnitProduct<PartCount, LastOrder>.partProducts
      let valueProducts = MatrixUnitProduct<PartCount, RoundedLastOrder>.partProducts
      return scoreSteps * scoreProducts + valueSquares(keys: keys, in: problem) * valueProducts
    }

    static func stepsOfUnit(preparingValuesOf keys: Int, in problem: KernelProblem) -> Int {
      // Two squares are transposed in about the time of a step.
      valueSquares(keys: keys, in: problem) / 2
    }

    private static func valueSquares(keys: Int, in problem: KernelProblem) -> Int {
      resultRows(problem.valueDimension) * depth(keys) / (laneCount * laneCount)
    }

    @inline(__always)
    static func advance(
      _ pass: ForwardPass<Self>, _ group: QueryGroup, over keys: BlockRange, _ keyRows: RowBlock<Self>,
      _ valueRows: RowBlock<Self>, firstRow: Int, isFirst: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
    ) -> Int {
      pass.advanceInterleaved(
        group, over: keys, keyRows, valueRows, firstRow: firstRow, isFirst: isFirst, prefetch)
    }
  }

  /// Terms are pairs of bf16 numbers as in ``PairTerms``, and products are computed by the matrix unit, in tiles of 16
  /// rows, 16 lanes and 16 terms.
  ///
  /// The unit reads 16 neighbouring terms of each row of scalars at once. Rows whose terms run along the columns lie
  /// like this in memory. Rows whose terms run along the rows are transposed, which costs one move for each number
  /// where the product multiplies it with all lanes of all lane groups.
  enum MatrixUnitTerms: MatrixUnitArithmetic, GradientTerms {
    typealias PartCount = One
    typealias LastOrder = Zero
    typealias RoundedLastOrder = Zero
    typealias Probabilities = TileProbabilities

    @inline(__always)
    static func packTransposed(
      _ group: LaneGroup, of operand: KernelOperand, columns: Int, scale: Float,
      into destination: UnsafeMutablePointer<Float>
    ) {
      PairTerms.packTransposed(group, of: operand, columns: columns, scale: scale, into: destination)
      clearRows(BlockRange(start: terms(columns), end: depth(columns)), of: destination, stride: LaneGroup.width)
    }

    @inline(__always)
    static func rows(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<MatrixUnitTerms> {
      // Any rows may complete the last tile, because what comes of them is nobody's, but there have to be some.
      let end = range.offset(in: operand) + (resultRows(range.rows) - 1) * operand.rowStride + range.columns
      let isCompleted = range.rows % laneCount == 0 || operand.rowsEnd > 0 && end <= operand.rowsEnd
      let rows = PairTerms.rows(
        operand, range, isFinite: isFinite, isCopied: range.columns % rowStep != 0 || !isCompleted, scratch: scratch)
      if rows.base == UnsafePointer(scratch) {
        clearRows(BlockRange(start: range.rows, end: resultRows(range.rows)), of: scratch, stride: rows.stride)
      }
      return RowBlock(base: rows.base, stride: rows.stride)
    }

    @inline(__always)
    static func columns(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<MatrixUnitTerms>?,
      scratch: UnsafeMutablePointer<Float>, prefetch: UnsafeMutablePointer<Prefetch>?
    ) -> RowBlock<MatrixUnitTerms> {
      let stride = scratchColumns(depth(range.rows))
      transposePairs(operand, range, into: scratch, stride: stride, prefetch)
      if !isFinite { clearNonFinitePairs(scratch, count: range.columns * stride) }
      return RowBlock(base: scratch, stride: stride)
    }

    @inline(__always)
    static func columnVectors(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<MatrixUnitTerms> {
      let rows = PairTerms.columns(operand, range, isFinite: isFinite, rows: nil, scratch: scratch, prefetch: nil)
      // A product may begin with any lane group, and then takes whole steps.
      let end = terms(range.rows)
      clearRows(BlockRange(start: end, end: end + terms(rowStep)), of: scratch, stride: rows.stride)
      return RowBlock(base: rows.base, stride: rows.stride)
    }

    @inline(__always)
    static func packTiles(
      _ tiles: BackwardTiles, rows: Int, lanes: BlockRange, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<MatrixUnitTerms> {
      let gradients = PairTerms.packTiles(tiles, rows: rows, lanes: lanes, scratch: scratch)
      clearRows(BlockRange(start: terms(rows), end: depth(rows)), of: tiles.probabilities, stride: tiles.stride)
      clearRows(BlockRange(start: terms(rows), end: depth(rows)), of: tiles.scoreGradients, stride: tiles.stride)
      return RowBlock(base: gradients.base, stride: gradients.stride)
    }

    @inline(__always)
    private static func clearRows(_ rows: BlockRange, of memory: UnsafeMutablePointer<Float>, stride: Int) {
      (memory + rows.start * stride).update(repeating: 0, count: rows.count * stride)
    }
  }

  /// Writes pairs of rows transposed: row c of the destination holds column c of all pairs, and zeros behind them up to
  /// a whole vector.
  @inline(never)
  private func transposePairs(
    _ operand: KernelOperand, _ range: OperandRange, into destination: UnsafeMutablePointer<Float>, stride: Int,
    _ prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    let first = range.offset(in: operand)
    let base = UnsafeRawPointer(operand.base.unsafelyUnwrapped)
    var row = 0
    while row < range.rows {
      let isWhole = operand.columnStride == 1 && range.rows - row >= 2 * laneCount
      var column = 0
      if isWhole {
        while range.columns - column >= 2 * laneCount {
          prefetch?.pointee.fetchStep()
          transposeSquares(
            base + (first + row * operand.rowStride + column) * 2, rowBytes: operand.rowStride * 2,
            into: destination + column * stride + row / 2, stride: stride)
          column += 2 * laneCount
        }
      }
      while column < range.columns {
        let offset = first + row * operand.rowStride + column * operand.columnStride
        var block = VectorBlock.zeros
        if isWhole && range.columns - column >= laneCount {
          for pair in 0..<laneCount {
            let even = base + (offset + 2 * pair * operand.rowStride) * 2
            block[pair] = kernel_interleave_rows(even, even + operand.rowStride * 2)
          }
        } else {
          for pair in 0..<laneCount where row + 2 * pair < range.rows {
            block[pair] = operand.interleavedRows(
              at: offset + 2 * pair * operand.rowStride, count: range.columns - column,
              hasSecond: row + 2 * pair + 1 < range.rows)
          }
        }
        transpose(&block)
        let target = destination + column * stride + row / 2
        for lane in 0..<laneCount where lane < range.columns - column { block[lane].store(at: target + lane * stride) }
        column += laneCount
      }
      row += 2 * laneCount
    }
  }

  /// Two squares of ``transposePairs(_:_:into:stride:_:)``: 16 pairs of rows and 32 columns.
  ///
  /// Interleaving the halves of each quarter leaves the columns out of order, and stores put them right.
  @inline(__always)
  private func transposeSquares(
    _ rows: UnsafeRawPointer, rowBytes: Int, into destination: UnsafeMutablePointer<Float>, stride: Int
  ) {
    @inline(__always)
    func transposeSquare(from firstColumn: Int, _ interleave: (Vector, Vector) -> Vector) {
      var block = VectorBlock.zeros
      for pair in 0..<laneCount {
        let even = rows + 2 * pair * rowBytes
        block[pair] = interleave(
          even.loadUnaligned(as: Vector.self), (even + rowBytes).loadUnaligned(as: Vector.self))
      }
      transpose(&block)
      for lane in 0..<laneCount {
        block[lane].store(at: destination + (firstColumn + lane / 4 * 8 + lane % 4) * stride)
      }
    }
    transposeSquare(from: 0, kernel_interleave_low)
    transposeSquare(from: 4, kernel_interleave_high)
  }
#endif
