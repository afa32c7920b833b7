import KernelIntrinsics

#if ISA_AMX
  extension MatrixUnitTerms {
    /// The product by the matrix unit; its parameters are those of
    /// ``multiply(rows:vectors:depth:_:_:stride:into:destinationStride:start:raising:prefetch:)``.
    ///
    /// The depth is a multiple of 16 terms. Rows that do not fill a tile are left to register tiles.
    @inline(never)
    static func multiply<Layout: ScalarLayout>(
      rows: Int, vectors: Int, depth: Int, _ scalars: ScalarOperand<Layout, MatrixUnitTerms>,
      _ operand: UnsafePointer<Float>, stride: Int, into destination: UnsafeMutablePointer<Float>,
      destinationStride: Int, start: AccumulatorStart, raising maxima: UnsafeMutablePointer<Float>?,
      prefetch: UnsafeMutablePointer<Prefetch>?
    ) {
      let inTiles = rows / laneCount * laneCount
      if inTiles > 0 {
        var column = 0
        while column < vectors {
          // Of four vectors two and two, so that none remains alone.
          let width = vectors - column == 4 ? 2 : min(vectors - column, 3)
          let product = MatrixUnitProduct(
            rows: inTiles, depth: depth, scalars: scalars.base, scalarStride: scalars.stride,
            vectors: operand + column * laneCount, vectorStride: stride, destination: destination + column * laneCount,
            destinationStride: destinationStride, start: start.from(column: column), prefetch: prefetch)
          switch width {
          case 1: product.run(One.self)
          case 2: product.run(Two.self)
          default: product.run(Three.self)
          }
          column += width
        }
        if let maxima { raise(maxima, toRows: inTiles, of: destination, stride: destinationStride) }
      }
      if rows > inTiles {
        PairTerms.multiply(
          rows: rows - inTiles, vectors: vectors, depth: depth,
          ScalarOperand<ByRow, PairTerms>(base: scalars.base + inTiles * scalars.stride, stride: scalars.stride),
          operand,
          stride: stride, into: destination + inTiles * destinationStride, destinationStride: destinationStride,
          start: start, raising: maxima, prefetch: prefetch)
      }
    }
  }

  /// One column of tiles of a product, up to three tiles wide.
  ///
  /// Two rows of tiles take turns with two sets of sums, tiles 0 to 2 and 3 to 5: the sums of one go to memory while those of
  /// the other are multiplied, because a store waits for the last multiplication of its tile and the unit would wait for the
  /// store. Tile 6 holds scalars and tile 7 vectors.
  private struct MatrixUnitProduct {
    let rows: Int
    let depth: Int
    let scalars: UnsafePointer<Float>
    let scalarStride: Int
    let vectors: UnsafePointer<Float>
    let vectorStride: Int
    let destination: UnsafeMutablePointer<Float>
    let destinationStride: Int
    let start: AccumulatorStart
    let prefetch: UnsafeMutablePointer<Prefetch>?

    private enum First: Count { static var value: Int { @inline(__always) get { 0 } } }

    @inline(never)
    func run<Width: Count>(_ width: Width.Type) {
      let isZero: Bool
      switch start {
      case .zero: isZero = true
      case .destination: isZero = false
      case .scaledDestination(let factors):
        isZero = false
        scaleDestination(by: factors, width)
      }
      var row = 0
      var finished: UnsafeMutablePointer<Float>?
      while row + laneCount < rows {
        finished = multiplyRow(row, isZero: isZero, width, First.self, after: finished, Three.self)
        finished = multiplyRow(row + laneCount, isZero: isZero, width, Three.self, after: finished, First.self)
        row += 2 * laneCount
      }
      if row < rows {
        finished = multiplyRow(row, isZero: isZero, width, First.self, after: finished, Three.self)
        store(finished, width, First.self)
      } else {
        store(finished, width, Three.self)
      }
    }

    /// Multiplies one row of tiles.
    ///
    /// - Parameters:
    ///   - sums: The first of its tiles of sums.
    ///   - finished: Where the sums of the row before belong, or nil.
    ///   - others: The first of the tiles that hold those.
    /// - Returns: Where its sums belong.
    @inline(__always)
    private func multiplyRow<Width: Count, Sums: Count, Others: Count>(
      _ row: Int, isZero: Bool, _ width: Width.Type, _ sums: Sums.Type, after finished: UnsafeMutablePointer<Float>?,
      _ others: Others.Type
    ) -> UnsafeMutablePointer<Float> {
      // As many rows are two register tiles.
      prefetch?.pointee.fetch(tiles: 2)
      let scalarBytes = scalarStride * 4
      let vectorBytes = vectorStride * 4
      let target = destination + row * destinationStride
      if isZero {
        for column in 0..<Width.value { kernel_zero_tile(Int32(Sums.value + column)) }
      } else {
        for column in 0..<Width.value {
          kernel_load_tile(Int32(Sums.value + column), target + column * laneCount, destinationStride * 4)
        }
      }
      var rowScalars = scalars + row * scalarStride
      var termVectors = vectors
      kernel_load_tile(6, rowScalars, scalarBytes)
      for column in 0..<Width.value {
        kernel_load_tile(7, termVectors + column * laneCount, vectorBytes)
        kernel_multiply_tiles(Int32(Sums.value + column))
        if let finished {
          kernel_store_tile(Int32(Others.value + column), finished + column * laneCount, destinationStride * 4)
        }
      }
      var term = laneCount
      while term < depth {
        rowScalars += laneCount
        termVectors += laneCount * vectorStride
        kernel_load_tile(6, rowScalars, scalarBytes)
        for column in 0..<Width.value {
          kernel_load_tile(7, termVectors + column * laneCount, vectorBytes)
          kernel_multiply_tiles(Int32(Sums.value + column))
        }
        term += laneCount
      }
      return target
    }

    @inline(__always)
    private func store<Width: Count, Sums: Count>(
      _ finished: UnsafeMutablePointer<Float>?, _ width: Width.Type, _ sums: Sums.Type
    ) {
      guard let finished else { return }
      for column in 0..<Width.value {
        kernel_store_tile(Int32(Sums.value + column), finished + column * laneCount, destinationStride * 4)
      }
    }

    /// Multiplies the sums by one factor for each lane. Mostly no maximum has risen and all factors are 1, and then there is
    /// nothing to do.
    @inline(__always)
    private func scaleDestination<Width: Count>(by factors: UnsafePointer<Float>, _ width: Width.Type) {
      for column in 0..<Width.value {
        let factor = Vector(at: factors + column * laneCount)
        if all(factor .== Vector(repeating: 1)) { continue }
        var row = 0
        while row < rows {
          let sum = destination + row * destinationStride + column * laneCount
          (Vector(at: sum) * factor).store(at: sum)
          row += 1
        }
      }
    }
  }

  /// Raises the maxima of three vectors of lanes to the greatest of their results.
  @inline(__always)
  private func raise(
    _ maxima: UnsafeMutablePointer<Float>, toRows rows: Int, of results: UnsafePointer<Float>, stride: Int
  ) {
    var greatest: InlineArray<6, Vector> = [
      Vector(at: maxima), Vector(at: maxima + laneCount), Vector(at: maxima + 2 * laneCount),
      Vector(at: maxima), Vector(at: maxima + laneCount), Vector(at: maxima + 2 * laneCount),
    ]
    var row = 0
    while row < rows {
      for index in 0..<6 {
        let result = results + (row + index / 3) * stride + index % 3 * laneCount
        greatest[index] = greatest[index].maximum(Vector(at: result))
      }
      row += 2
    }
    for index in 0..<3 { greatest[index].maximum(greatest[index + 3]).store(at: maxima + index * laneCount) }
  }
#endif
