import KernelIntrinsics

#if ISA_AMX
  /// The terms of numbers that the matrix unit multiplies as sums of a few bf16 numbers, their parts.
  ///
  /// Terms are pairs as in ``MatrixUnitTerms``, for each part. A number that is not finite has no such parts: one of
  /// them is NaN, and as it meets the first one of every other number, all products are. The passes compute again what
  /// an operand that is not finite reaches: rows of O, and elements of S and dP.
  protocol SplitTerms: MatrixUnitArithmetic where Probabilities: SplitProbabilities {
    /// How operands store the numbers.
    associatedtype Format: ElementFormat

    /// One part, for each part but the last a number of bf16. A number that is not finite has a part that is NaN and
    /// not the first.
    static func part(_ number: Vector, _ index: Int) -> Vector
  }

  extension SplitTerms {
    static var keepsNonFinite: Bool { @inline(__always) get { false } }

    /// Inlined, because the compiler would merge it with that of ``MatrixUnitTerms``, and copy the arguments of both
    /// once more.
    @inline(__always)
    static func multiply<Layout: ScalarLayout>(
      rows: Int, vectors: Int, depth: Int, _ scalars: ScalarOperand<Layout, Self>,
      _ operand: UnsafePointer<Float>, stride: Int, into destination: UnsafeMutablePointer<Float>,
      destinationStride: Int, start: AccumulatorStart, accuracy: ProductAccuracy,
      raising maxima: UnsafeMutablePointer<Float>?, prefetch: UnsafeMutablePointer<Prefetch>?
    ) {
      @inline(__always)
      func multiply<Order: Count>(_ lastOrder: Order.Type) {
        multiplyByMatrixUnit(
          PartCount.self, lastOrder, rows: rows, vectors: vectors, depth: depth, scalars.base,
          scalarStride: scalars.stride, operand, stride: stride, into: destination,
          destinationStride: destinationStride, start: start, raising: maxima, prefetch: prefetch)
      }
      switch accuracy {
      case .exact: multiply(LastOrder.self)
      case .ofRoundedOperand: multiply(RoundedLastOrder.self)
      }
    }

    // MARK: Packing

    @inline(never)
    static func packTransposed(
      _ group: LaneGroup, of operand: KernelOperand, columns: Int, scale: Float,
      into destination: UnsafeMutablePointer<Float>
    ) {
      let width = LaneGroup.width
      let rows = stepEnd(columns)
      // Their terms take their place one after the other, and may take more memory: both end together.
      let numbers = destination + max(termRow(rows) - rows, 0) * width
      packLanesTransposed(group, of: operand, columns: columns, firstColumn: 0, scale: scale, into: numbers)
      (numbers + columns * width).update(repeating: 0, count: (rows - columns) * width)
      var lane = 0
      while lane < group.vectors * laneCount {
        splitColumn(numbers + lane, rows: rows, stride: width, into: destination + lane)
        lane += laneCount
      }
    }

    /// Puts the numbers of one vector of lanes into the format of products.
    @inline(__always)
    static func splitColumn(
      _ numbers: UnsafePointer<Float>, rows: Int, stride: Int, into terms: UnsafeMutablePointer<Float>
    ) {
      var row = 0
      while row < rows {
        let pair = numbers + row * stride
        storePairs(Vector(at: pair), Vector(at: pair + stride), at: terms + termRow(row) * stride, distance: stride)
        row += 2
      }
    }

    @inline(never)
    static func rows(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<Self> {
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
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<Self>?,
      scratch: UnsafeMutablePointer<Float>, prefetch: UnsafeMutablePointer<Prefetch>?
    ) -> RowBlock<Self> {
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
            + (first + row * operand.rowStride + column) * Format.size
          transposeSquare(into: scratch + column * stride + row / 2, stride: stride) { row in
            Format.load(square + row * operand.rowStride * Format.size)
          }
          column += laneCount
        }
        while column < range.columns {
          transposeSquare(into: scratch + column * stride + row / 2, stride: stride) { index in
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

    /// Writes 16 pairs of rows transposed, of which `row` returns 16 columns each; the destination has memory for all 16.
    /// The parts of the pairs lie in the place of the result first.
    @inline(__always)
    private static func transposeSquare(
      into destination: UnsafeMutablePointer<Float>, stride: Int, _ row: (_ index: Int) -> Vector
    ) {
      let distance = stride / parts
      for pair in 0..<laneCount {
        storePairs(row(2 * pair), row(2 * pair + 1), at: destination + pair * stride, distance: distance)
      }
      for part in 0..<parts {
        let square = destination + part * distance
        var block = VectorBlock.zeros
        for index in 0..<laneCount { block[index] = Vector(at: square + index * stride) }
        transpose(&block)
        for index in 0..<laneCount { block[index].store(at: square + index * stride) }
      }
    }

    // MARK: Vectors of numbers

    /// Numbers of a row of an operand, which begins at `row`; zeros behind the last column.
    @inline(__always)
    static func vector(of operand: KernelOperand, at row: Int, _ column: Int, of columns: Int) -> Vector {
      if operand.columnStride == 1 && columns - column >= laneCount {
        return Format.load(
          UnsafeRawPointer(operand.base.unsafelyUnwrapped) + (row + column) * Format.size)
      }
      return column < columns
        ? lastVector(of: operand, at: row + column * operand.columnStride, columns - column) : .zeros
    }

    /// The same with zeros in the place of numbers that are infinite or NaN.
    @inline(__always)
    static func vector(
      of operand: KernelOperand, at row: Int, _ column: Int, of columns: Int, isFinite: Bool
    ) -> Vector {
      let vector = vector(of: operand, at: row, column, of: columns)
      return isFinite ? vector : vector.replacingNonFinite(with: .zeros)
    }

    @inline(never)
    private static func lastVector(of operand: KernelOperand, at offset: Int, _ count: Int) -> Vector {
      operand.vector(at: offset, count: count)
    }

    /// Stores the parts of pairs of one number each of two vectors, `distance` elements apart.
    @inline(__always)
    static func storePairs(
      _ low: Vector, _ high: Vector, at destination: UnsafeMutablePointer<Float>, distance: Int
    ) {
      for part in 0..<parts { pairs(low, high, part).store(at: destination + part * distance) }
    }

    /// One part of the pairs of one number each of two vectors.
    @inline(__always)
    private static func pairs(_ low: Vector, _ high: Vector, _ index: Int) -> Vector {
      let low = part(low, index)
      let high = part(high, index)
      return index < parts - 1 ? joined(low, high) : kernel_brain_float_pairs(low, high)
    }

    /// One part of neighbouring numbers, those of `first` before those of `second`.
    @inline(__always)
    private static func neighbours(_ first: Vector, _ second: Vector, _ index: Int) -> Vector {
      kernel_brain_floats(part(first, index), part(second, index))
    }

    /// Stores the parts of neighbouring numbers, those of `first` before those of `second`.
    @inline(__always)
    static func storeNeighbours(
      _ first: Vector, _ second: Vector, at destination: UnsafeMutablePointer<Float>, distance: Int
    ) {
      for part in 0..<parts { neighbours(first, second, part).store(at: destination + part * distance) }
    }
  }

  /// Pairs of one number each of two vectors of numbers that are bf16.
  @inline(__always)
  private func joined(_ low: Vector, _ high: Vector) -> Vector {
    let low = unsafeBitCast(low, to: VectorBits.self) &>> 16
    return unsafeBitCast(low | unsafeBitCast(high, to: VectorBits.self), to: Vector.self)
  }

  /// As ``PairProbabilities``, in parts.
  protocol SplitProbabilities: ProbabilityFormat {
    associatedtype Terms: SplitTerms
  }

  extension SplitProbabilities {
    static var slack: Float { @inline(__always) get { TileProbabilities.slack } }
    static var fitsInPlace: Bool { @inline(__always) get { Terms.parts <= Terms.numbersPerTerm } }
    static var rowStep: Int { @inline(__always) get { Terms.rowStep } }

    @inline(__always)
    static func exponent(_ score: Vector, _ factor: Vector, minus reference: Vector) -> Vector {
      PairProbabilities.exponent(score, factor, minus: reference)
    }

    @inline(__always)
    static func store(_ first: Vector, _ second: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      Terms.storePairs(
        first * scale, second * scale, at: column + Terms.termRow(row) * stride, distance: stride)
    }

    @inline(__always)
    static func store(_ last: Vector, column: UnsafeMutablePointer<Float>, row: Int, stride: Int) {
      store(last, .zeros, column: column, row: row, stride: stride)
    }

    @inline(__always)
    static func number(_ column: UnsafePointer<Float>, row: Int, stride: Int) -> Float {
      var number: Float = 0
      for part in 0..<Terms.parts {
        number += PairProbabilities.number(column + part * stride, row: row, stride: Terms.parts * stride)
      }
      return number
    }
  }
#endif
