import KernelIntrinsics

#if ISA_AMX
  /// The product by the matrix unit; its parameters are those of
  /// ``multiply(rows:vectors:depth:_:_:stride:into:destinationStride:start:raising:prefetch:)``.
  ///
  /// The depth is a multiple of 16 terms. Rows that do not fill a tile are left to register tiles.
  @inline(never)
  func multiplyInTiles<Layout: ScalarLayout>(
    rows: Int, vectors: Int, depth: Int, _ scalars: ScalarOperand<Layout, MatrixUnitTerms>,
    _ operand: UnsafePointer<Float>, stride: Int, into destination: UnsafeMutablePointer<Float>,
    destinationStride: Int, start: AccumulatorStart, raising maxima: UnsafeMutablePointer<Float>?,
    prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    let inTiles = rows / laneCount * laneCount
    if inTiles > 0 {
      var column = 0
      while column < vectors {
        // Of five vectors the last two, so that none remains alone.
        let width = vectors - column == 5 ? 3 : min(vectors - column, 4)
        let product = MatrixUnitProduct(
          rows: inTiles, depth: depth, scalars: scalars.base, scalarStride: scalars.stride,
          vectors: operand + column * laneCount, vectorStride: stride, destination: destination + column * laneCount,
          destinationStride: destinationStride, start: start.from(column: column), prefetch: prefetch)
        switch width {
        case 1: product.run(One.self)
        case 2: product.run(Two.self)
        case 3: product.run(Three.self)
        default: product.run(Four.self)
        }
        column += width
      }
      if let maxima { raise(maxima, toRows: inTiles, of: destination, stride: destinationStride) }
    }
    if rows > inTiles {
      multiplyInRegisters(
        rows: rows - inTiles, vectors: vectors, depth: depth,
        ScalarOperand<ByRow, PairTerms>(base: scalars.base + inTiles * scalars.stride, stride: scalars.stride), operand,
        stride: stride, into: destination + inTiles * destinationStride, destinationStride: destinationStride,
        start: start, raising: maxima, prefetch: prefetch)
    }
  }

  /// One column of tiles of a product, up to four tiles wide.
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

    /// Tiles 0 to 3 hold sums, tile 4 scalars and tiles 5 to 7 vectors, so that the unit need not wait for the tile that is
    /// loaded while it multiplies.
    @inline(never)
    func run<Width: Count>(_ width: Width.Type) {
      let scalarBytes = scalarStride * 4
      let vectorBytes = vectorStride * 4
      let destinationBytes = destinationStride * 4
      let isZero: Bool
      switch start {
      case .zero: isZero = true
      case .destination: isZero = false
      case .scaledDestination(let factors):
        isZero = false
        scaleDestination(by: factors, width)
      }
      var row = 0
      while row < rows {
        // As many requests as the two register tiles of as many rows would make.
        prefetch?.pointee.fetch()
        prefetch?.pointee.fetch()
        let sums = destination + row * destinationStride
        if isZero {
          for column in 0..<Width.value { kernel_zero_tile(Int32(column)) }
        } else {
          for column in 0..<Width.value { kernel_load_tile(Int32(column), sums + column * laneCount, destinationBytes) }
        }
        var rowScalars = scalars + row * scalarStride
        var termVectors = vectors
        var term = 0
        while term < depth {
          kernel_load_tile(4, rowScalars, scalarBytes)
          for column in 0..<Width.value {
            let tile = Int32(5 + column % 3)
            kernel_load_tile(tile, termVectors + column * laneCount, vectorBytes)
            kernel_multiply_tiles(Int32(column), tile)
          }
          rowScalars += laneCount
          termVectors += laneCount * vectorStride
          term += laneCount
        }
        for column in 0..<Width.value { kernel_store_tile(Int32(column), sums + column * laneCount, destinationBytes) }
        row += laneCount
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
