#if ISA_AMX
  extension ForwardPass where Terms: MatrixUnitArithmetic {
    private typealias Softmax = InterleavedSoftmax<Terms.Probabilities>

    /// Takes in the keys that every query of a group may see, 32 at a time: the scores of some while the softmax of those before
    /// is computed.
    ///
    /// Two pieces of scores take turns and stay in the first-level cache, which a whole block of them would not. The
    /// probabilities of the block are kept for one product with V, so that O moves only once. Where a maximum has to rise on
    /// the way, which is rare but for the first keys, that product is done for the keys before, whose probabilities are
    /// relative to the lower one.
    ///
    /// - Returns: The number of keys taken in, which are the first ones.
    @inline(__always)
    func advanceInterleaved(
      _ group: QueryGroup, over keys: BlockRange, _ keyRows: RowBlock<Terms>, _ valueRows: RowBlock<Terms>,
      firstRow: Int, isFirst: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
    ) -> Int {
      let factor = Terms.scoreFactors(problem).late
      let isPlain = !problem.hasElementwiseMask && problem.softcap == 0 && factor > 0
      if !isPlain || group.lanes.vectors * laneCount < LaneGroup.width
        || Terms.depth(problem.headDimension) > Self.mostTermsAtOnce
      {
        return 0
      }
      let forbidden = forbiddenKeys(keys, of: group)
      let end = forbidden.isEmpty ? keys.end : forbidden.start
      let rows = (end - keys.start) / Softmax.rows * Softmax.rows
      // A single piece has nothing to take turns with.
      if rows <= Softmax.rows { return 0 }
      takeIn(
        InterleavedBlock(
          group: group, probabilities: memory.floats(at: layout.scores), rows: rows, keyRows: keyRows,
          valueRows: valueRows, firstRow: firstRow, factor: factor, prefetch: prefetch),
        start: isFirst ? .zero : .destination)
      return rows
    }

    @inline(never)
    private func takeIn(_ block: InterleavedBlock<Terms>, start: AccumulatorStart) {
      var progress = InterleavedProgress(start: start)
      var scores = memory.floats(at: layout.scorePieces)
      var next = scores + Softmax.rows * LaneGroup.width
      product(block, 0, into: scores).run(width: 3)
      if case .zero = start {
        block.group.softmax.raise(for: scores, factor: Vector(repeating: block.factor), as: Terms.Probabilities.self)
      }
      var row = 0
      while row + Softmax.rows < block.rows {
        let isTakenIn = product(block, row + Softmax.rows, into: next).run(
          interleaving: block.group.softmax, scores: scores, factor: block.factor, into: block.probabilities(from: row),
          as: Terms.Probabilities.self)
        if !isTakenIn { takeIn(block, row, scores, &progress) }
        swap(&scores, &next)
        row += Softmax.rows
      }
      takeIn(block, row, scores, &progress)
      addValues(block, from: progress.firstRow, to: block.rows, progress.start)
    }

    /// S = K · Qᵀ of 32 keys.
    private func product(
      _ block: InterleavedBlock<Terms>, _ row: Int, into scores: UnsafeMutablePointer<Float>
    ) -> MatrixUnitProduct<Terms.PartCount> {
      let keys = block.keyRows.byRow(from: block.firstRow + row)
      return MatrixUnitProduct(
        rows: Softmax.rows, depth: Terms.depth(problem.headDimension), scalars: keys.base, scalarStride: keys.stride,
        vectors: block.group.packed, vectorStride: Terms.parts * LaneGroup.width, destination: scores,
        destinationStride: LaneGroup.width, start: .zero, prefetch: block.prefetch)
    }

    /// The softmax of 32 keys by itself, for which maxima may rise.
    private func takeIn(
      _ block: InterleavedBlock<Terms>, _ row: Int, _ scores: UnsafePointer<Float>,
      _ progress: inout InterleavedProgress
    ) {
      let softmax = block.group.softmax
      let factor = Vector(repeating: block.factor)
      var steps = Softmax(softmax, scores: scores, factor: factor, into: block.probabilities(from: row), during: 1)
      steps.finish()
      if !steps.isWithinBounds(of: softmax) {
        if progress.firstRow < row {
          addValues(block, from: progress.firstRow, to: row, progress.start)
          progress = InterleavedProgress(firstRow: row, start: .destination)
        }
        softmax.raise(for: scores, factor: factor, as: Terms.Probabilities.self)
        if case .destination = progress.start { progress.start = .scaledDestination(by: softmax.factors) }
        steps = Softmax(softmax, scores: scores, factor: factor, into: block.probabilities(from: row), during: 1)
        steps.finish()
      }
      steps.addSums(to: softmax)
    }

    /// Oᵀ = start + Vᵀ · P for some keys.
    private func addValues(_ block: InterleavedBlock<Terms>, from row: Int, to end: Int, _ start: AccumulatorStart) {
      let tile = ScoreTile(
        base: block.probabilities(from: row), stride: LaneGroup.width, rows: end - row, vectors: block.group.lanes.vectors)
      add(
        tile, TileSteps(rows: tile.rows, vectors: tile.vectors), block.valueRows, firstRow: block.firstRow + row,
        to: block.group, start: start, block.prefetch)
    }
  }

  /// Keys of a block and what a group needs to take it in.
  private struct InterleavedBlock<Terms: MatrixUnitArithmetic> {
    let group: QueryGroup
    let probabilities: UnsafeMutablePointer<Float>
    let rows: Int
    let keyRows: RowBlock<Terms>
    let valueRows: RowBlock<Terms>
    let firstRow: Int
    let factor: Float
    let prefetch: UnsafeMutablePointer<Prefetch>

    /// Where the probabilities of the keys from `row` on go.
    func probabilities(from row: Int) -> UnsafeMutablePointer<Float> {
      probabilities + Terms.termRow(row) * LaneGroup.width
    }
  }

  /// How far a block is.
  private struct InterleavedProgress {
    /// The first key whose probability is not yet in O.
    var firstRow = 0
    /// What O is to begin with when the next ones are.
    var start: AccumulatorStart
  }
#endif
