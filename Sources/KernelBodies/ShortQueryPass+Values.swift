import KernelIntrinsics

// O += P · V of one step, by rows of V.
extension ShortQueryPass {
  /// Four rows of V at a time, one of each stream, so that a row of O is loaded and stored once for four keys.
  ///
  /// - Parameter isCareful: Whether to read copies of the rows with zeros in the place of infinite and NaN elements.
  func addValues(_ streams: KeyStreams, _ step: Int, isCareful: Bool) {
    if isTail && Rows.elementSize == MemoryLayout<Float>.size && problem.valueDimension % laneCount == 0 {
      multiplyValues(streams, step, isCareful: isCareful)
      return
    }
    #if ISA_AVX512
      if problem.fetchesIntoLevel1 {
        addValues(streams, step, FirstLevelLookAhead.self, isCareful: isCareful)
        return
      }
    #endif
    addValues(streams, step, SecondLevelLookAhead.self, isCareful: isCareful)
  }

  private func addValues<Ahead: LookAhead>(
    _ streams: KeyStreams, _ step: Int, _ ahead: Ahead.Type, isCareful: Bool
  ) {
    let prefetch = StreamPrefetch<Rows, Ahead>(problem.value, columns: problem.valueDimension)
    if problem.valueDimension % Rows.chunk == 0 {
      addValues(streams, step, WholeChunks(), prefetch, isCareful: isCareful)
    } else {
      addValues(streams, step, lastChunkCopied, prefetch, isCareful: isCareful)
    }
  }

  private func addValues<End: RowEnd, Ahead: LookAhead>(
    _ streams: KeyStreams, _ step: Int, _ end: End, _ prefetch: StreamPrefetch<Rows, Ahead>, isCareful: Bool
  ) {
    let values = StreamRows(streams, step) { address(valueRows($0), in: problem.value) }
    var key = 0
    while key < values.counts[0] {
      // The probability of a missing key is 0.
      var segment = values.segment(from: key, stride: prefetch.stride, missing: zeroRow)
      if isCareful || problem.value.columnStride != 1 {
        copyRows(of: &segment, in: problem.value, columns: problem.valueDimension, clearingNonFinite: isCareful)
      }
      forEachRowGroup { group in
        let weights = Self.weights(group, key)
        if group.rows == 4 {
          Self.addProducts(Four.self, output(group.first), problem.valueDimension, segment, end, prefetch, weights)
        } else {
          Self.addProducts(One.self, output(group.first), problem.valueDimension, segment, end, prefetch, weights)
        }
      }
      key += segment.keys
    }
  }

  /// As ``addValues(_:_:isCareful:)`` by register tiles, which leave O in registers for all keys of a stream: for fp32
  /// rows in a cache, because it reads one stream after the other.
  private func multiplyValues(_ streams: KeyStreams, _ step: Int, isCareful: Bool) {
    let areCopied = isCareful || problem.value.columnStride != 1
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      // Copies are made key by key, which does not change the order of the sums.
      let keysAtOnce = areCopied ? 1 : keys.count
      var key = 0
      while key < keys.count {
        let first = keys.start + key
        var row = address(valueRows(BlockRange(start: first, end: first + keysAtOnce)), in: problem.value)
        if areCopied {
          var segment = StreamSegment(rows: [row, zeroRow, zeroRow, zeroRow], keys: 1)
          copyRows(of: &segment, in: problem.value, columns: problem.valueDimension, clearingNonFinite: isCareful)
          row = segment.rows[0]
        }
        addTiles(of: row.assumingMemoryBound(to: Float.self), keys: keysAtOnce, from: key, stream)
        key += keysAtOnce
      }
    }
  }

  /// Adds the products of some consecutive keys of a stream, whose rows of V begin at `values`, to all rows of O.
  private func addTiles(of values: UnsafePointer<Float>, keys: Int, from key: Int, _ stream: Int) {
    forEachRowGroup { group in
      let weights = ScalarOperand<ByColumn, Rows.Terms>(
        base: group.scores(ofKey: key) + stream * group.rows, stride: KeyStreams.count * group.rows)
      multiply(
        rows: group.rows, vectors: problem.valueDimension / laneCount, depth: keys, weights, values,
        stride: problem.value.rowStride, into: output(group.first), destinationStride: outputStride,
        start: .destination)
    }
  }

  /// Adds the products of a segment to one row of O, or to four, which then share each chunk of V.
  @inline(never)
  private static func addProducts<GroupRows: Count, End: RowEnd, Ahead: LookAhead>(
    _ rows: GroupRows.Type, _ outputs: UnsafeMutablePointer<Float>, _ columns: Int, _ values: StreamSegment,
    _ end: End, _ prefetch: StreamPrefetch<Rows, Ahead>, _ weights: UnsafePointer<Float>
  ) {
    let stride = wholeChunks(columns)
    var values = values
    var weights = weights
    for _ in 0..<values.keys {
      let factors = Weights<GroupRows>(at: weights)
      var column = 0
      while column < columns {
        let chunk = valueVectors(values, column, of: columns, end, prefetch)
        let output = outputs + column
        factors.add(row: 0, times: chunk, to: output)
        // A loop over the rows would stay a loop.
        if GroupRows.value == 4 {
          factors.add(row: 1, times: chunk, to: output + stride)
          factors.add(row: 2, times: chunk, to: output + 2 * stride)
          factors.add(row: 3, times: chunk, to: output + 3 * stride)
        }
        column += Rows.chunk
      }
      values.advance()
      weights += Rows.weights * GroupRows.value
    }
  }

  @inline(__always)
  private static func valueVectors<End: RowEnd, Ahead: LookAhead>(
    _ values: StreamSegment, _ column: Int, of columns: Int, _ end: End, _ prefetch: StreamPrefetch<Rows, Ahead>
  ) -> InlineArray<8, Vector> {
    var chunks = values.rows
    for stream in 0..<KeyStreams.count {
      let chunk = values.rows[stream] + column * Rows.elementSize
      prefetch.fetchChunk(after: chunk, column)
      end.prepareChunk(Rows.self, stream, at: chunk, remaining: columns - column)
      chunks[stream] = end.chunk(Rows.self, stream, at: chunk, remaining: columns - column)
    }
    return Rows.valueVectors(chunks)
  }

  /// The weights of one key of each of the four streams.
  private struct Weights<GroupRows: Count> {
    #if ISA_AVX512
      // 16 vectors stay in registers beside a chunk of V and the sums.
      private var vectors = VectorBlock.zeros

      @inline(__always)
      init(at weights: UnsafePointer<Float>) {
        for index in 0..<(Rows.weights * GroupRows.value) { vectors[index] = Vector(repeating: weights[index]) }
      }

      @inline(__always)
      subscript(index: Int) -> Vector { vectors[index] }
    #else
      private let weights: UnsafePointer<Float>

      @inline(__always)
      init(at weights: UnsafePointer<Float>) { self.weights = weights }

      @inline(__always)
      subscript(index: Int) -> Vector { Vector(repeating: weights[index]) }
    #endif

    /// Adds the products of one row's weights and a chunk of V to that row's columns of O.
    @inline(__always)
    func add(row: Int, times values: InlineArray<8, Vector>, to output: UnsafeMutablePointer<Float>) {
      var first = Vector(at: output)
      var second = Vector(at: output + laneCount)
      for weight in 0..<Rows.weights {
        let factor = self[weight * GroupRows.value + row]
        first = Rows.Terms.add(factor, values[2 * weight], to: first)
        second = Rows.Terms.add(factor, values[2 * weight + 1], to: second)
      }
      first.store(at: output)
      second.store(at: output + laneCount)
    }
  }

  /// The weights of a group's rows and one key of each of the four streams.
  @inline(__always)
  private static func weights(_ group: RowGroup, _ key: Int) -> UnsafeMutablePointer<Float> {
    group.base + key * Rows.weights * group.rows
  }

  /// As ``addValues(_:_:isCareful:)`` where a forbidden value may be infinite or NaN, whose product with a probability
  /// of zero would not be zero; see NonFinite.swift. What such values contribute to permitted pairs comes afterwards,
  /// so that the bits of rows that may not see them are as if they were zeros.
  @inline(never)
  func addValuesCarefully(_ streams: KeyStreams, _ step: Int) {
    addValues(streams, step, isCareful: true)
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      if !keys.isEmpty { addNonFiniteValues(keys, stream) }
    }
  }

  private func addNonFiniteValues(_ keys: BlockRange, _ stream: Int) {
    fillMaskTile(keys, stream)
    valueRows(keys).forEachNonFinite(in: problem.value) { key, column, value in
      forEachRowGroup { group in
        var row = 0
        while row < group.rows {
          if maskTileRow(group.first + row, stream)[key] != -.infinity {
            let weights = Self.weights(group, key) + row
            output(group.first + row)[Rows.place(ofColumn: column)] +=
              Rows.probability(weights, stream: stream, rows: group.rows) * value
          }
          row += 1
        }
      }
    }
  }
}
