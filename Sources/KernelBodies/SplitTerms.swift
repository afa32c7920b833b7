import KernelIntrinsics

#if ISA_AMX
  /// The terms of fp16 numbers, which the matrix unit multiplies as sums of two bf16 numbers.
  ///
  /// x = x₀ + x₁, where x₀ is x rounded to the eight significant bits of bf16 and x₁ the rest, which has no more than three.
  /// Products of fp16 numbers are sums of the four products of their parts, and as each of these is exact in fp32, nothing is
  /// lost. P and dS, which are fp32 numbers, keep 16 bits or more, and their products do without that of the last parts, which
  /// is at most 2⁻¹⁶ of the whole.
  ///
  /// Terms are pairs as in ``MatrixUnitTerms``. A number that is not finite has no such parts: its second one, which meets the
  /// first one of every other number, makes NaN of all products. The passes compute again what an operand that is not finite
  /// reaches: rows of O, and elements of S and dP.
  enum SplitTerms: MatrixUnitArithmetic {
    typealias PartCount = Two
    typealias ProductCount = Four
    typealias RoundedProductCount = Three
    typealias Probabilities = SplitProbabilities

    static var keepsNonFinite: Bool { @inline(__always) get { false } }

    /// Inlined, because the compiler would merge it with that of ``MatrixUnitTerms``, and copy the arguments of both once more.
    @inline(__always)
    static func multiply<Layout: ScalarLayout>(
      rows: Int, vectors: Int, depth: Int, _ scalars: ScalarOperand<Layout, SplitTerms>,
      _ operand: UnsafePointer<Float>, stride: Int, into destination: UnsafeMutablePointer<Float>,
      destinationStride: Int, start: AccumulatorStart, accuracy: ProductAccuracy,
      raising maxima: UnsafeMutablePointer<Float>?, prefetch: UnsafeMutablePointer<Prefetch>?
    ) {
      @inline(__always)
      func multiply<Products: Count>(_ products: Products.Type) {
        multiplyByMatrixUnit(
          PartCount.self, products, rows: rows, vectors: vectors, depth: depth, scalars.base,
          scalarStride: scalars.stride, operand, stride: stride, into: destination,
          destinationStride: destinationStride, start: start, raising: maxima, prefetch: prefetch)
      }
      switch accuracy {
      case .exact: multiply(ProductCount.self)
      case .ofRoundedOperand: multiply(RoundedProductCount.self)
      }
    }

    // MARK: Packing

    @inline(never)
    static func packTransposed(
      _ group: LaneGroup, of operand: KernelOperand, columns: Int, scale: Float,
      into destination: UnsafeMutablePointer<Float>
    ) {
      let width = LaneGroup.width
      packLanesTransposed(group, of: operand, columns: columns, firstColumn: 0, scale: scale, into: destination)
      (destination + columns * width).update(repeating: 0, count: (stepEnd(columns) - columns) * width)
      var lane = 0
      while lane < group.vectors * laneCount {
        splitColumn(destination + lane, rows: stepEnd(columns), stride: width)
        lane += laneCount
      }
    }

    /// Puts the numbers of one vector of lanes into the format of products, in place: the parts of two rows take as much memory
    /// as the rows.
    @inline(__always)
    private static func splitColumn(_ column: UnsafeMutablePointer<Float>, rows: Int, stride: Int) {
      var row = 0
      while row < rows {
        let numbers = column + row * stride
        storePairs(Vector(at: numbers), Vector(at: numbers + stride), at: numbers, distance: stride)
        row += 2
      }
    }

    @inline(never)
    static func rows(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<SplitTerms> {
      let distance = scratchColumns(terms(range.columns))
      let stride = parts * distance
      var greatest = VectorIndices.zero
      var row = 0
      while row < range.rows {
        let source = range.offset(in: operand) + row * operand.rowStride
        var column = 0
        while column < range.columns {
          let first = vector(of: operand, at: source, column, of: range.columns)
          let second = vector(of: operand, at: source, column + laneCount, of: range.columns)
          greatest = greatest.maximum(first.magnitudeBits).maximum(second.magnitudeBits)
          storeNeighbours(first, second, at: scratch + row * stride + column / 2, distance: distance)
          column += 2 * laneCount
        }
        row += 1
      }
      (scratch + row * stride).update(repeating: 0, count: (resultRows(row) - row) * stride)
      return RowBlock(base: scratch, stride: stride, isFinite: greatest.areFiniteMagnitudes)
    }

    @inline(never)
    static func columns(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<SplitTerms>?,
      scratch: UnsafeMutablePointer<Float>, prefetch: UnsafeMutablePointer<Prefetch>?
    ) -> RowBlock<SplitTerms> {
      let stride = parts * scratchColumns(depth(range.rows))
      let first = range.offset(in: operand)
      var row = 0
      while row < range.rows {
        var column = 0
        // Compiled for whole squares by itself.
        while isFinite && row + 2 * laneCount <= range.rows && operand.columnStride == 1
          && column + laneCount <= range.columns
        {
          if column % (2 * laneCount) == 0 { prefetch?.pointee.fetchStep() }
          let square =
            UnsafeRawPointer(operand.base.unsafelyUnwrapped)
            + (first + row * operand.rowStride + column) * Float16Format.size
          transposeSquare(into: scratch + column * stride + row / 2, stride: stride, columns: laneCount) { row in
            Float16Format.load(square + row * operand.rowStride * Float16Format.size)
          }
          column += laneCount
        }
        while column < range.columns {
          transposeSquare(
            into: scratch + column * stride + row / 2, stride: stride, columns: range.columns - column
          ) { index in
            row + index < range.rows
              ? vector(
                of: operand, at: first + (row + index) * operand.rowStride, column, of: range.columns,
                isFinite: isFinite)
              : .zeros
          }
          column += laneCount
        }
        row += 2 * laneCount
      }
      return RowBlock(base: scratch, stride: stride)
    }

    /// Writes 16 pairs of rows transposed, of which `row` returns 16 columns each, as far as there are columns.
    @inline(__always)
    private static func transposeSquare(
      into destination: UnsafeMutablePointer<Float>, stride: Int, columns: Int, _ row: (_ index: Int) -> Vector
    ) {
      for part in 0..<parts {
        var block = VectorBlock.zeros
        for pair in 0..<laneCount { block[pair] = pairs(row(2 * pair), row(2 * pair + 1), part) }
        transpose(&block)
        for lane in 0..<laneCount where lane < columns {
          block[lane].store(at: destination + lane * stride + part * (stride / parts))
        }
      }
    }

    @inline(never)
    static func columnVectors(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<SplitTerms> {
      let distance = scratchColumns(range.columns)
      let stride = parts * distance
      let first = range.offset(in: operand)
      var row = 0
      while row < range.rows {
        let even = first + row * operand.rowStride
        var column = 0
        while column < range.columns {
          storePairs(
            vector(of: operand, at: even, column, of: range.columns, isFinite: isFinite),
            row + 1 < range.rows
              ? vector(of: operand, at: even + operand.rowStride, column, of: range.columns, isFinite: isFinite)
              : .zeros,
            at: scratch + row / 2 * stride + column, distance: distance)
          column += laneCount
        }
        row += 2
      }
      // A product may begin with any lane group, and then takes whole steps.
      (scratch + row / 2 * stride).update(repeating: 0, count: terms(rowStep) * stride)
      return RowBlock(base: scratch, stride: stride)
    }

    @inline(never)
    static func packTiles(
      _ tiles: BackwardTiles, rows: Int, lanes: BlockRange, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<SplitTerms> {
      // Rows of dS hold two lanes in an element and are padded to whole vectors.
      let distance = paddedColumns(terms(lanes.count))
      let stride = parts * distance
      var lane = 0
      while lane < lanes.count {
        var row = 0
        while row < rows {
          let gradients = tiles.scoreGradients + row * tiles.stride + lanes.start
          storeNeighbours(
            vector(at: gradients, lane, of: lanes.count), vector(at: gradients, lane + laneCount, of: lanes.count),
            at: scratch + row * stride + lane / 2, distance: distance)
          row += 1
        }
        lane += 2 * laneCount
      }
      lane = 0
      while lane < lanes.count {
        splitTile(tiles.probabilities + lanes.start + lane, rows: rows, tiles)
        splitTile(tiles.scoreGradients + lanes.start + lane, rows: rows, tiles)
        lane += laneCount
      }
      return RowBlock(base: scratch, stride: stride)
    }

    /// Puts one vector of lanes of a tile into the format of products, and zeros behind its rows up to a whole step.
    @inline(__always)
    private static func splitTile(_ column: UnsafeMutablePointer<Float>, rows: Int, _ tiles: BackwardTiles) {
      let whole = rows / 2 * 2
      splitColumn(column, rows: whole, stride: tiles.stride)
      var row = whole
      while row < stepEnd(rows) {
        storePairs(
          row < rows ? Vector(at: column + row * tiles.stride) : .zeros, .zeros,
          at: column + termRow(row) * tiles.stride, distance: tiles.stride)
        row += 2
      }
    }

    // MARK: Vectors of numbers

    /// Numbers of a row of an operand, which begins at `row`; zeros behind the last column.
    @inline(__always)
    private static func vector(of operand: KernelOperand, at row: Int, _ column: Int, of columns: Int) -> Vector {
      if operand.columnStride == 1 && columns - column >= laneCount {
        return Float16Format.load(
          UnsafeRawPointer(operand.base.unsafelyUnwrapped) + (row + column) * Float16Format.size)
      }
      return column < columns
        ? lastVector(of: operand, at: row + column * operand.columnStride, columns - column) : .zeros
    }

    /// The same with zeros in the place of numbers that are infinite or NaN.
    @inline(__always)
    private static func vector(
      of operand: KernelOperand, at row: Int, _ column: Int, of columns: Int, isFinite: Bool
    ) -> Vector {
      let vector = vector(of: operand, at: row, column, of: columns)
      return isFinite ? vector : vector.replacingNonFinite(with: .zeros)
    }

    @inline(never)
    private static func lastVector(of operand: KernelOperand, at offset: Int, _ count: Int) -> Vector {
      operand.vector(at: offset, count: count)
    }

    /// Numbers of a row of a tile, with zeros from lane `count` on: what lies there belongs to no key.
    @inline(__always)
    private static func vector(at row: UnsafePointer<Float>, _ lane: Int, of count: Int) -> Vector {
      if lane >= count { return .zeros }
      let vector = Vector(at: row + lane)
      if lane + laneCount <= count { return vector }
      var result = Vector.zeros
      for index in 0..<laneCount where index < count - lane { result[index] = vector[index] }
      return result
    }

    /// Stores both parts of pairs of one number each of two vectors, `distance` elements apart.
    @inline(__always)
    static func storePairs(
      _ low: Vector, _ high: Vector, at destination: UnsafeMutablePointer<Float>, distance: Int
    ) {
      for part in 0..<parts { pairs(low, high, part).store(at: destination + part * distance) }
    }

    /// One part of the pairs of one number each of two vectors.
    @inline(__always)
    private static func pairs(_ low: Vector, _ high: Vector, _ part: Int) -> Vector {
      part == 0 ? joined(low.leadingPart, high.leadingPart) : kernel_brain_float_pairs(low.rest, high.rest)
    }

    /// Stores both parts of neighbouring numbers, those of `first` before those of `second`.
    @inline(__always)
    private static func storeNeighbours(
      _ first: Vector, _ second: Vector, at destination: UnsafeMutablePointer<Float>, distance: Int
    ) {
      kernel_brain_floats(first.leadingPart, second.leadingPart).store(at: destination)
      kernel_brain_floats(first.rest, second.rest).store(at: destination + distance)
    }
  }

  extension Vector {
    /// The numbers rounded to bf16, ties away from zero. Some NaN become other numbers.
    @inline(__always)
    fileprivate var leadingPart: Vector {
      let bits = unsafeBitCast(self, to: VectorBits.self) &+ VectorBits(repeating: 0x8000)
      return unsafeBitCast(bits & ~VectorBits(repeating: 0xffff), to: Vector.self)
    }

    /// What the leading part leaves. It is NaN for every number that is not finite.
    @inline(__always)
    fileprivate var rest: Vector { self - leadingPart }
  }

  /// Pairs of one number each of two vectors of numbers that are bf16.
  @inline(__always)
  private func joined(_ low: Vector, _ high: Vector) -> Vector {
    let low = unsafeBitCast(low, to: VectorBits.self) &>> 16
    return unsafeBitCast(low | unsafeBitCast(high, to: VectorBits.self), to: Vector.self)
  }

  /// As ``PairProbabilities``, in parts.
  enum SplitProbabilities: ProbabilityFormat {
    static var slack: Float { @inline(__always) get { TileProbabilities.slack } }
    static var rowStep: Int { @inline(__always) get { SplitTerms.rowStep } }

    @inline(__always)
    static func exponent(_ score: Vector, _ factor: Vector, minus reference: Vector) -> Vector {
      PairProbabilities.exponent(score, factor, minus: reference)
    }

    @inline(__always)
    static func store(_ first: Vector, _ second: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      SplitTerms.storePairs(
        first, second, at: column + SplitTerms.termRow(row) * stride, distance: stride)
    }

    @inline(__always)
    static func store(_ last: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      store(last, .zeros, column: column, row: row, stride: stride)
    }

    @inline(__always)
    static func number(_ column: UnsafePointer<Float>, row: Int, stride: Int) -> Float {
      PairProbabilities.number(column, row: row, stride: 2 * stride)
        + PairProbabilities.number(column + stride, row: row, stride: 2 * stride)
    }
  }
#endif
