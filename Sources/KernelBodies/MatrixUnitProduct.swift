import KernelIntrinsics

#if ISA_AMX
  extension MatrixUnitTerms {
    @inline(never)
    static func multiply<Layout: ScalarLayout>(
      rows: Int, vectors: Int, depth: Int, _ scalars: ScalarOperand<Layout, MatrixUnitTerms>,
      _ operand: UnsafePointer<Float>, stride: Int, into destination: UnsafeMutablePointer<Float>,
      destinationStride: Int, start: AccumulatorStart, accuracy: ProductAccuracy,
      raising maxima: UnsafeMutablePointer<Float>?, prefetch: UnsafeMutablePointer<Prefetch>?
    ) {
      multiplyByMatrixUnit(
        PartCount.self, LastOrder.self, rows: rows, vectors: vectors, depth: depth, scalars.base,
        scalarStride: scalars.stride, operand, stride: stride, into: destination,
        destinationStride: destinationStride, start: start, raising: maxima, prefetch: prefetch)
    }
  }

  /// The product by the matrix unit; its parameters are those of
  /// ``multiply(rows:vectors:depth:_:_:stride:into:destinationStride:start:accuracy:raising:prefetch:)``.
  ///
  /// The depth is a multiple of 16 terms, and the memory of scalars has rows up to a multiple of 16.
  @inline(__always)
  func multiplyByMatrixUnit<Parts: Count, LastOrder: Count>(
    _ parts: Parts.Type, _ lastOrder: LastOrder.Type, rows: Int, vectors: Int, depth: Int,
    _ scalars: UnsafePointer<Float>, scalarStride: Int, _ operand: UnsafePointer<Float>, stride: Int,
    into destination: UnsafeMutablePointer<Float>, destinationStride: Int, start: AccumulatorStart,
    raising maxima: UnsafeMutablePointer<Float>?, prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    let inTiles = rows / laneCount * laneCount
    var column = 0
    while column < vectors {
      // Of four vectors two and two, so that none remains alone.
      let width = vectors - column == 4 ? 2 : min(vectors - column, 3)
      let product = MatrixUnitProduct<Parts, LastOrder>(
        rows: inTiles, depth: depth, scalars: scalars, scalarStride: scalarStride,
        vectors: operand + column * laneCount, vectorStride: stride, destination: destination + column * laneCount,
        destinationStride: destinationStride, start: start.from(column: column), prefetch: prefetch)
      if inTiles > 0 { product.run(width: width) }
      if rows > inTiles { product.runLastRows(rows - inTiles, width: width) }
      column += width
    }
    if let maxima { raise(maxima, toRows: rows, of: destination, stride: destinationStride) }
  }

  /// One column of tiles of a product, up to three tiles wide.
  ///
  /// Where numbers have one part, two rows of tiles take turns with two sets of sums, tiles 0 to 2 and 3 to 5: the sums
  /// of one go to memory while those of the other are multiplied, because a store waits for the last multiplication of
  /// its tile and the unit would wait for the store. Tile 6 holds scalars and tile 7 vectors.
  ///
  /// Where they have several, a term has work for the unit enough, and what counts is that a tile that has been loaded
  /// serves more than one multiplication: the first-level cache may be another hyperthread's, too. Tiles 0 to 2 hold
  /// sums, 3 to 5 one part of the vectors, and 6 and 7 parts of the scalars.
  ///
  /// Of the products of `Parts` parts with each other those are computed whose order, the sum of their parts' indices,
  /// is at most `LastOrder`.
  struct MatrixUnitProduct<Parts: Count, LastOrder: Count> {
    /// The number of these products.
    static var partProducts: Int {
      @inline(__always) get {
        var count = 0
        for first in 0..<Parts.value {
          for second in 0..<Parts.value where first + second <= LastOrder.value { count += 1 }
        }
        return count
      }
    }

    var rows: Int
    let depth: Int
    var scalars: UnsafePointer<Float>
    let scalarStride: Int
    let vectors: UnsafePointer<Float>
    let vectorStride: Int
    var destination: UnsafeMutablePointer<Float>
    var destinationStride: Int
    let start: AccumulatorStart
    let prefetch: UnsafeMutablePointer<Prefetch>?

    func run(width: Int) {
      if let prefetch, prefetch.pointee.isByStep {
        run(width: width, InterleavedFetch(prefetch: prefetch))
      } else {
        run(width: width, NoInterleaving())
      }
    }

    @inline(__always)
    private func run<Work: Interleaving>(width: Int, _ work: Work) {
      switch width {
      case 1: run(One.self, work)
      case 2: run(Two.self, work)
      default: run(Three.self, work)
      }
    }

    /// Computes rows that do not fill a tile, behind the others, in memory that has room for one.
    @inline(never)
    func runLastRows(_ count: Int, width: Int) {
      var tile = KernelTileRows()
      withUnsafeMutableBytes(of: &tile) { bytes in
        let tile = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
        let target = destination + rows * destinationStride
        copyRows(count, from: target, stride: destinationStride, to: tile, stride: LaneGroup.width, width: width)
        var product = self
        product.rows = laneCount
        product.scalars += rows * scalarStride
        product.destination = tile
        product.destinationStride = LaneGroup.width
        product.run(width: width)
        copyRows(count, from: tile, stride: LaneGroup.width, to: target, stride: destinationStride, width: width)
      }
    }

    @inline(__always)
    private func copyRows(
      _ count: Int, from source: UnsafePointer<Float>, stride sourceStride: Int,
      to target: UnsafeMutablePointer<Float>, stride targetStride: Int, width: Int
    ) {
      var row = 0
      while row < count {
        (target + row * targetStride).update(from: source + row * sourceStride, count: width * laneCount)
        row += 1
      }
    }

    @inline(never)
    private func run<Width: Count, Work: Interleaving>(_ width: Width.Type, _ work: Work) {
      let isZero: Bool
      switch start {
      case .zero: isZero = true
      case .destination: isZero = false
      case .scaledDestination(let factors):
        isZero = false
        scaleDestination(by: factors, width)
      }
      var row = 0
      if Parts.value > 1 {
        while row < rows {
          let target = multiplyRow(row, isZero: isZero, width, Zero.self, after: nil, Zero.self, work)
          store(target, width, Zero.self)
          row += laneCount
        }
        return
      }
      var finished: UnsafeMutablePointer<Float>?
      while row + laneCount < rows {
        finished = multiplyRow(row, isZero: isZero, width, Zero.self, after: finished, Three.self, work)
        finished = multiplyRow(row + laneCount, isZero: isZero, width, Three.self, after: finished, Zero.self, work)
        row += 2 * laneCount
      }
      if row < rows {
        finished = multiplyRow(row, isZero: isZero, width, Zero.self, after: finished, Three.self, work)
        store(finished, width, Zero.self)
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
    ///   - work: What to do between the multiplications.
    /// - Returns: Where its sums belong.
    @inline(__always)
    private func multiplyRow<Width: Count, Sums: Count, Others: Count, Work: Interleaving>(
      _ row: Int, isZero: Bool, _ width: Width.Type, _ sums: Sums.Type, after finished: UnsafeMutablePointer<Float>?,
      _ others: Others.Type, _ work: Work
    ) -> UnsafeMutablePointer<Float> {
      var work = work
      if !Work.fetches { fetchRow() }
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
      addTerms(rowScalars, termVectors, to: sums, width, storing: finished, of: others, interleaving: &work)
      var term = laneCount
      while term < depth {
        rowScalars += laneCount
        termVectors += laneCount * vectorStride
        addTerms(rowScalars, termVectors, to: sums, width, storing: nil, of: others, interleaving: &work)
        term += laneCount
      }
      return target
    }

    /// Asks for the lines of one row of tiles, which are those of two register tiles.
    @inline(__always)
    func fetchRow() { prefetch?.pointee.fetch(tiles: 2) }

    /// Adds the products of 16 terms to one row of tiles of sums.
    ///
    /// - Parameters:
    ///   - sums: The first of its tiles of sums; tile 0 where numbers have several parts.
    ///   - finished: Where finished sums belong, which are stored as soon as the unit is busy, or nil; nil where numbers
    ///     have several parts.
    ///   - others: The first of the tiles that hold those.
    @inline(__always)
    func addTerms<Width: Count, Sums: Count, Others: Count, Work: Interleaving>(
      _ scalars: UnsafePointer<Float>, _ vectors: UnsafePointer<Float>, to sums: Sums.Type, _ width: Width.Type,
      storing finished: UnsafeMutablePointer<Float>?, of others: Others.Type, interleaving work: inout Work
    ) {
      // The parts of a row lie side by side.
      let scalarPart = scalarStride / Parts.value
      let vectorPart = vectorStride / Parts.value
      for index in 0..<Parts.value {
        let second = Parts.value - 1 - index
        if Parts.value > 1 {
          for column in 0..<Width.value {
            kernel_load_tile(
              Int32(3 + column), vectors + second * vectorPart + column * laneCount, vectorStride * 4)
          }
        }
        for first in 0..<Parts.value where first + second <= LastOrder.value {
          // Every other part of the scalars has the same tile, and stays until that one's turn comes, which is the
          // last.
          if second == min(LastOrder.value - first, Parts.value - 1) {
            kernel_load_scalars(Int32(6 + first % 2), scalars + first * scalarPart, scalarStride * 4)
          }
          work.begin()
          for column in 0..<Width.value {
            if Parts.value > 1 {
              kernel_multiply_tiles(Int32(column), Int32(6 + first % 2), Int32(3 + column))
            } else {
              kernel_load_tile(7, vectors + column * laneCount, vectorStride * 4)
              kernel_multiply_tiles(Int32(Sums.value + column), 6, 7)
              if let finished {
                kernel_store_tile(Int32(Others.value + column), finished + column * laneCount, destinationStride * 4)
              }
            }
            switch column {
            case 0: work.advance(Zero.self)
            case 1: work.advance(One.self)
            default: work.advance(Two.self)
            }
          }
        }
      }
    }

    @inline(__always)
    func store<Width: Count, Sums: Count>(
      _ finished: UnsafeMutablePointer<Float>?, _ width: Width.Type, _ sums: Sums.Type
    ) {
      guard let finished else { return }
      for column in 0..<Width.value {
        kernel_store_tile(Int32(Sums.value + column), finished + column * laneCount, destinationStride * 4)
      }
    }

    /// Multiplies the sums by one factor for each lane. Mostly no maximum has risen and all factors are 1, and then
    /// there is nothing to do.
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
