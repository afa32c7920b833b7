import KernelIntrinsics

#if ISA_AMX
  // fp32 numbers in three parts would be no faster here than multiply-adds.
  extension SplitHalfTerms: GradientTerms {
    @inline(never)
    static func columnVectors(
      _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
    ) -> RowBlock<SplitHalfTerms> {
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
    ) -> RowBlock<SplitHalfTerms> {
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
      splitColumn(column, rows: whole, stride: tiles.stride, into: column)
      var row = whole
      while row < stepEnd(rows) {
        storePairs(
          row < rows ? Vector(at: column + row * tiles.stride) : .zeros, .zeros,
          at: column + termRow(row) * tiles.stride, distance: tiles.stride)
        row += 2
      }
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
  }
#endif
