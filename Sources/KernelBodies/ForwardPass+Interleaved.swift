#if ISA_AMX
  extension ForwardPass where Terms: MatrixUnitArithmetic {
    /// Takes in the keys that every query of a group may see, 32 at a time: the scores of some while the softmax of
    /// those before is computed.
    ///
    /// Two pieces of scores take turns and stay in the first-level cache, which a whole block of them would not. The
    /// probabilities of the block are kept for one product with V, so that O moves only once. Where a maximum has to
    /// rise on the way, which is rare but for the first keys, that product is done for the keys before, whose
    /// probabilities are relative to the lower one.
    ///
    /// - Returns: The number of keys taken in, which are the first ones.
    @inline(__always)
    func advanceInterleaved(
      _ group: QueryGroup, over keys: BlockRange, _ keyRows: RowBlock<Terms>, _ valueRows: RowBlock<Terms>,
      firstRow: Int, isFirst: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
    ) -> Int {
      let factor = Terms.scoreFactors(problem).late
      let isPlain = !problem.hasElementwiseMask && problem.softcap == 0 && factor > 0
      if !isPlain || Terms.depth(problem.headDimension) > Self.mostTermsAtOnce { return 0 }
      let forbidden = forbiddenKeys(keys, of: group)
      let end = forbidden.isEmpty ? keys.end : forbidden.start
      let rows = (end - keys.start) / Terms.rowStep * Terms.rowStep
      // A single piece has nothing to take turns with.
      if rows <= Terms.rowStep { return 0 }
      let block = InterleavedBlock(
        group: group, probabilities: memory.floats(at: layout.probabilities), rows: rows, keyRows: keyRows,
        valueRows: valueRows, firstRow: firstRow, factor: factor, prefetch: prefetch)
      switch group.lanes.vectors {
      case 1: run(block, One.self, start: isFirst ? .zero : .destination)
      case 2: run(block, Two.self, start: isFirst ? .zero : .destination)
      default: run(block, Three.self, start: isFirst ? .zero : .destination)
      }
      return rows
    }

    @inline(never)
    private func run<Width: Count>(_ block: InterleavedBlock<Terms>, _ width: Width.Type, start: AccumulatorStart) {
      var progress = InterleavedProgress(start: start)
      var scores = memory.floats(at: layout.scorePieces)
      var next = scores + Terms.rowStep * LaneGroup.width
      product(block, 0, into: scores).run(width: Width.value)
      if case .zero = start { softmax(block, width, 0, scores).raiseMaxima(of: block.group.softmax) }
      var row = 0
      while row + Terms.rowStep < block.rows {
        let product = product(block, row + Terms.rowStep, into: next)
        if !interleave(block, width, row, scores, with: product) { takeIn(block, width, row, scores, &progress) }
        swap(&scores, &next)
        row += Terms.rowStep
      }
      takeIn(block, width, row, scores, &progress)
      addValues(block, from: progress.firstRow, to: block.rows, progress.start)
    }

    /// S = K · Qᵀ of 32 keys.
    private func product(
      _ block: InterleavedBlock<Terms>, _ row: Int, into scores: UnsafeMutablePointer<Float>
    ) -> MatrixUnitProduct<Terms.PartCount, Terms.LastOrder> {
      let keys = block.keyRows.byRow(from: block.firstRow + row)
      return MatrixUnitProduct(
        rows: Terms.rowStep, depth: Terms.depth(problem.headDimension), scalars: keys.base, scalarStride: keys.stride,
        vectors: block.group.packed, vectorStride: Terms.parts * LaneGroup.width, destination: scores,
        destinationStride: LaneGroup.width, start: .zero, prefetch: block.prefetch)
    }

    /// The softmax of 32 keys while the product with the next ones is computed.
    ///
    /// - Returns: False where it has to be computed again, after maxima have risen.
    @inline(__always)
    private func interleave<Width: Count>(
      _ block: InterleavedBlock<Terms>, _ width: Width.Type, _ row: Int, _ scores: UnsafePointer<Float>,
      with product: MatrixUnitProduct<Terms.PartCount, Terms.LastOrder>
    ) -> Bool {
      let softmax = block.group.softmax
      let target = block.probabilities(from: row)
      return block.prefetch.pointee.isByStep
        ? product.run(
          width, WithinTiles.self, interleaving: softmax, scores: scores, factor: block.factor, into: target,
          as: Terms.Probabilities.self)
        : product.run(
          width, BeforeTiles.self, interleaving: softmax, scores: scores, factor: block.factor, into: target,
          as: Terms.Probabilities.self)
    }

    /// The softmax of 32 keys by itself, for which maxima may rise.
    private func takeIn<Width: Count>(
      _ block: InterleavedBlock<Terms>, _ width: Width.Type, _ row: Int, _ scores: UnsafePointer<Float>,
      _ progress: inout InterleavedProgress
    ) {
      let online = block.group.softmax
      var piece = softmax(block, width, row, scores)
      piece.finish()
      if !piece.isWithinBounds(of: online) {
        if progress.firstRow < row {
          addValues(block, from: progress.firstRow, to: row, progress.start)
          progress = InterleavedProgress(firstRow: row, start: .destination)
        }
        piece.raiseMaxima(of: online)
        if case .destination = progress.start { progress.start = .scaledDestination(by: online.factors) }
        piece = softmax(block, width, row, scores)
        piece.finish()
      }
      piece.addSums(to: online)
    }

    @inline(__always)
    private func softmax<Width: Count>(
      _ block: InterleavedBlock<Terms>, _ width: Width.Type, _ row: Int, _ scores: UnsafePointer<Float>
    ) -> InterleavedSoftmax<Terms.Probabilities, Width, BeforeTiles> {
      InterleavedSoftmax(
        block.group.softmax, scores: scores, factor: Vector(repeating: block.factor),
        into: block.probabilities(from: row), during: 1, nil)
    }

    /// Oᵀ = start + Vᵀ · P for some keys.
    private func addValues(_ block: InterleavedBlock<Terms>, from row: Int, to end: Int, _ start: AccumulatorStart) {
      let tile = ScoreTile(
        base: block.probabilities(from: row), stride: LaneGroup.width, rows: end - row,
        vectors: block.group.lanes.vectors)
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
