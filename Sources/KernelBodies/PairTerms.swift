import KernelIntrinsics

#if ISA_AVX512BF16
  /// A term is the sum of two products of bf16 numbers: each 32-bit element of both operands holds two neighbours along
  /// the sum, the first in the low half. Sums are fp32.
  ///
  /// Pairs along a row lie in memory as they are needed. Pairs along a column are made by interleaving two rows.
  enum PairTerms: RegisterTerms {
    typealias Probabilities = PairProbabilities
    typealias ColumnLayout = ByColumn

    static var numbersPerTerm: Int { @inline(__always) get { 2 } }
    static var rowStep: Int { @inline(__always) get { 2 } }

    @inline(__always)
    static func add(_ scalar: Vector, _ vector: Vector, to sum: Vector) -> Vector {
      kernel_add_pair_products(sum, scalar, vector)
    }

    /// Scaling packed numbers would round them, so the products are scaled.
    @inline(__always)
    static func scoreFactors(_ problem: KernelProblem) -> (packed: Float, late: Float) { (1, problem.scoreFactor) }

    @inline(__always)
    static func packTransposed(
      _ group: LaneGroup, of operand: KernelOperand, columns: Int, scale: Float,
      into destination: UnsafeMutablePointer<Float>
    ) {
      if columns & 1 == 0, let pairs = operand.pairElements {
        packLanesTransposed(group, of: pairs, columns: columns / 2, firstColumn: 0, scale: 1, into: destination)
      } else {
        packPairsTransposed(group, of: operand, columns: columns, into: destination)
      }
    }

    /// As ``packTransposed(_:of:columns:scale:into:)`` for rows of any strides and any length.
    @inline(never)
    private static func packPairsTransposed(
      _ group: LaneGroup, of operand: KernelOperand, columns: Int, into destination: UnsafeMutablePointer<Float>
    ) {
      let terms = terms(columns)
      for vector in 0..<group.vectors {
        let firstLane = vector * laneCount
        let offsets = group.offsets(vector, in: operand)
        var term = 0
        while term < terms {
          var block = VectorBlock.zeros
          for lane in 0..<laneCount where firstLane + lane < group.count {
            let offset = offsets[lane] + 2 * term * operand.columnStride
            block[lane] = operand.pairs(at: offset, count: columns - 2 * term)
          }
          transpose(&block)
          let target = destination + term * LaneGroup.width + firstLane
          for row in 0..<laneCount where row < terms - term { block[row].store(at: target + row * LaneGroup.width) }
          term += laneCount
        }
      }
    }

    @inline(__always)
    static func rows(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<PairTerms> {
      rows(operand, range, isFinite: isFinite, isCopied: false, scratch: scratch)
    }

    /// - Parameter isCopied: Whether rows are copied even where they could be read in place. Zeros complete the last
    ///   vector of a copied row.
    @inline(__always)
    static func rows(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, isCopied: Bool,
      scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<PairTerms> {
      let offset = range.offset(in: operand)
      if operand.columnStride == 1 && operand.rowStride & 1 == 0 && operand.rowStride & 2047 != 0
        && range.columns & 1 == 0 && isFinite && !isCopied
      {
        let base = operand.base.unsafelyUnwrapped + offset * 2
        return RowBlock(base: base.assumingMemoryBound(to: Float.self), stride: operand.rowStride / 2)
      }
      let stride = scratchColumns(terms(range.columns))
      copyPairs(operand, range, into: scratch, stride: stride)
      if !isFinite { clearNonFinitePairs(scratch, count: range.rows * stride) }
      return RowBlock(base: scratch, stride: stride)
    }

    @inline(__always)
    static func columns(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<PairTerms>?,
      scratch: UnsafeMutablePointer<Float>, prefetch: UnsafeMutablePointer<Prefetch>?
    ) -> RowBlock<PairTerms> {
      let stride = scratchColumns(range.columns)
      interleaveRows(operand, range, into: scratch, stride: stride)
      if !isFinite { clearNonFinitePairs(scratch, count: terms(range.rows) * stride) }
      return RowBlock(base: scratch, stride: stride)
    }

    @inline(never)
    static func packTiles(
      _ tiles: BackwardTiles, rows: Int, lanes: BlockRange, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<PairTerms> {
      // Rows of dS hold two lanes in an element and are padded to whole vectors.
      let gradientStride = paddedColumns(terms(lanes.count))
      var row = 0
      while row < rows {
        let hasSecond = row + 1 < rows
        var lane = 0
        while lane < lanes.count {
          let first = packPair(tiles, row, hasSecond, lane: lanes.start + lane, count: lanes.count - lane)
          let second =
            lane + laneCount < lanes.count
            ? packPair(
              tiles, row, hasSecond, lane: lanes.start + lane + laneCount, count: lanes.count - lane - laneCount)
            : (Vector.zeros, Vector.zeros)
          let target = scratch + row * gradientStride + lane / 2
          kernel_brain_floats(first.0, second.0).store(at: target)
          if hasSecond { kernel_brain_floats(first.1, second.1).store(at: target + gradientStride) }
          lane += 2 * laneCount
        }
        row += 2
      }
      return RowBlock(base: scratch, stride: gradientStride)
    }

    /// Interleaves one vector of two rows of P and of dS in place.
    ///
    /// - Returns: The two rows of dS, with zeros from lane `count` on: what lies there belongs to no key.
    @inline(__always)
    private static func packPair(
      _ tiles: BackwardTiles, _ row: Int, _ hasSecond: Bool, lane: Int, count: Int
    ) -> (Vector, Vector) {
      let probabilities = tiles.probabilities + row * tiles.stride + lane
      let gradients = tiles.scoreGradients + row * tiles.stride + lane
      let p0 = Vector(at: probabilities)
      let p1 = hasSecond ? Vector(at: probabilities + tiles.stride) : .zeros
      let g0 = Vector(at: gradients)
      let g1 = hasSecond ? Vector(at: gradients + tiles.stride) : .zeros
      let target = row / 2 * tiles.stride + lane
      kernel_brain_float_pairs(p0, p1).store(at: tiles.probabilities + target)
      kernel_brain_float_pairs(g0, g1).store(at: tiles.scoreGradients + target)
      if count >= laneCount { return (g0, g1) }
      var inUse = Vector.zeros
      for index in 0..<laneCount where index < count { inUse[index] = 1 }
      return (
        g0.replacing(with: .zeros, where: inUse .== .zeros), g1.replacing(with: .zeros, where: inUse .== .zeros)
      )
    }
  }

  extension KernelOperand {
    /// The operand with each pair of neighbouring bf16 numbers as one element of 32 bits; nil where pairs do not lie in
    /// one piece and at whole multiples of their size.
    fileprivate var pairElements: KernelOperand? {
      if columnStride != 1 || (batchStride | headStride | rowStride) & 1 != 0 { return nil }
      var pairs = self
      pairs.element = StoredElement.float32.rawValue
      pairs.batchStride /= 2
      pairs.headStride /= 2
      pairs.rowStride /= 2
      pairs.rowsEnd /= 2
      return pairs
    }

    /// `count` numbers of each of two rows, the first at `offset`, as pairs of one of each; zeros beyond them and in
    /// the place of a second row that is not there.
    @inline(never)
    func interleavedRows(at offset: Int, count: Int, hasSecond: Bool) -> Vector {
      // fp32 holds a bf16 number in its high half.
      let first = unsafeBitCast(vector(at: offset, count: count), to: VectorBits.self)
      let second =
        hasSecond
        ? unsafeBitCast(vector(at: offset + rowStride, count: count), to: VectorBits.self) : VectorBits(repeating: 0)
      return unsafeBitCast((first &>> 16) | (second & ~VectorBits(repeating: 0xffff)), to: Vector.self)
    }

    /// `count` bf16 numbers of a row from `offset` on as pairs, zeros beyond them.
    @inline(__always)
    fileprivate func pairs(at offset: Int, count: Int) -> Vector {
      if columnStride == 1 && count >= 2 * laneCount {
        return (base.unsafelyUnwrapped + offset * 2).loadUnaligned(as: Vector.self)
      }
      return partialPairs(at: offset, count: min(count, 2 * laneCount))
    }

    @inline(never)
    private func partialPairs(at offset: Int, count: Int) -> Vector {
      var result = VectorBits(repeating: 0)
      var index = 0
      while index < count {
        result[index / 2] |= UInt32(brainFloatBits(at: offset + index * columnStride)) << UInt32(index % 2 * 16)
        index += 1
      }
      return unsafeBitCast(result, to: Vector.self)
    }

    @inline(__always)
    private func brainFloatBits(at offset: Int) -> UInt16 {
      (base.unsafelyUnwrapped + offset * 2).load(as: UInt16.self)
    }
  }

  @inline(never)
  func copyPairs(
    _ operand: KernelOperand, _ range: OperandRange, into destination: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var row = 0
    while row < range.rows {
      let source = range.offset(in: operand) + row * operand.rowStride
      var column = 0
      while column < range.columns {
        operand.pairs(at: source + column * operand.columnStride, count: range.columns - column)
          .store(at: destination + row * stride + column / 2)
        column += 2 * laneCount
      }
      row += 1
    }
  }

  /// Writes rows 2r and 2r + 1 as row r of pairs; a last single row is paired with zeros.
  @inline(never)
  func interleaveRows(
    _ operand: KernelOperand, _ range: OperandRange, into destination: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let base = operand.base.unsafelyUnwrapped
    var row = 0
    while row < range.rows {
      let first = range.offset(in: operand) + row * operand.rowStride
      let hasSecond = row + 1 < range.rows
      let target = destination + row / 2 * stride
      let whole = operand.columnStride == 1 && hasSecond ? range.columns / laneCount * laneCount : 0
      var column = 0
      while column < whole {
        kernel_interleave_rows(base + (first + column) * 2, base + (first + operand.rowStride + column) * 2)
          .store(at: target + column)
        column += laneCount
      }
      while column < range.columns {
        operand.interleavedRows(
          at: first + column * operand.columnStride, count: range.columns - column, hasSecond: hasSecond
        ).store(at: target + column)
        column += laneCount
      }
      row += 2
    }
  }

  @inline(never)
  func clearNonFinitePairs(_ pairs: UnsafeMutablePointer<Float>, count: Int) {
    let numbers = UnsafeMutableRawPointer(pairs).assumingMemoryBound(to: UInt16.self)
    var index = 0
    while index < 2 * count {
      if numbers[index] & 0x7f80 == 0x7f80 { numbers[index] = 0 }
      index += 1
    }
  }
#endif
