import KernelIntrinsics

// S = Q · Kᵀ of one step, row of K by row of K.
extension ShortQueryPass {
  /// The scores of a step's keys: a row of each stream in turn. Those of streams without a key mean nothing.
  func computeScores(_ streams: KeyStreams, _ step: Int) {
    #if ISA_AVX512
      if problem.fetchesIntoLevel1 {
        computeScores(streams, step, FirstLevelLookAhead.self)
        return
      }
    #endif
    computeScores(streams, step, SecondLevelLookAhead.self)
  }

  private func computeScores<Ahead: LookAhead>(_ streams: KeyStreams, _ step: Int, _ ahead: Ahead.Type) {
    let prefetch = StreamPrefetch<Rows, Ahead>(problem.key, columns: problem.headDimension)
    if problem.headDimension % Rows.chunk == 0 {
      computeScores(streams, step, WholeChunks(), prefetch)
    } else {
      computeScores(streams, step, lastChunkCopied, prefetch)
    }
  }

  private func computeScores<End: RowEnd, Ahead: LookAhead>(
    _ streams: KeyStreams, _ step: Int, _ end: End, _ prefetch: StreamPrefetch<Rows, Ahead>
  ) {
    let keys = StreamRows(streams, step) { address(keyRows($0), in: problem.key) }
    let factor = Rows.Terms.scoreFactors(problem).late
    var key = 0
    while key < keys.counts[0] {
      var segment = keys.segment(from: key, stride: prefetch.stride, missing: zeroRow)
      if problem.key.columnStride != 1 {
        copyRows(of: &segment, in: problem.key, columns: problem.headDimension, clearingNonFinite: false)
      }
      forEachRowGroup { group in
        let scores = group.scores(ofKey: key)
        if group.rows == 4 {
          Self.computeScoresOfFour(
            query(group.first), problem.headDimension, segment, end, prefetch, factor,
            hasSecondPair: key < keys.counts[2], into: scores)
        } else {
          Self.computeScoresOfOne(
            query(group.first), problem.headDimension, segment, end, prefetch, factor, into: scores)
        }
      }
      key += segment.keys
    }
  }

  /// Four rows with as many keys at a time as leave their sums in registers: each vector of Q serves all those keys,
  /// each of K all four rows.
  @inline(never)
  private static func computeScoresOfFour<End: RowEnd, Ahead: LookAhead>(
    _ queries: UnsafePointer<Float>, _ columns: Int, _ keys: StreamSegment, _ end: End,
    _ prefetch: StreamPrefetch<Rows, Ahead>, _ factor: Float, hasSecondPair: Bool,
    into scores: UnsafeMutablePointer<Float>
  ) {
    var keys = keys
    var scores = scores
    for _ in 0..<keys.keys {
      #if ISA_AVX512
        multiplyFour(queries, columns, Four.self, from: 0, keys, end, prefetch, factor, into: scores)
      #else
        multiplyFour(queries, columns, Two.self, from: 0, keys, end, prefetch, factor, into: scores)
        if hasSecondPair {
          multiplyFour(queries, columns, Two.self, from: 2, keys, end, prefetch, factor, into: scores + 8)
        }
      #endif
      keys.advance()
      scores += 4 * KeyStreams.count
    }
  }

  /// The products of four rows with the keys of `Streams` streams from `first` on.
  @inline(__always)
  private static func multiplyFour<Streams: Count, End: RowEnd, Ahead: LookAhead>(
    _ queries: UnsafePointer<Float>, _ columns: Int, _ streams: Streams.Type, from first: Int, _ keys: StreamSegment,
    _ end: End, _ prefetch: StreamPrefetch<Rows, Ahead>, _ factor: Float, into scores: UnsafeMutablePointer<Float>
  ) {
    let stride = Rows.Terms.terms(wholeChunks(columns))
    var sums = VectorBlock.zeros
    var column = 0
    var query = queries
    while column < columns {
      let offset = column * Rows.elementSize
      for stream in 0..<Streams.value {
        let chunk = keys.rows[first + stream] + offset
        prefetch.fetchChunk(after: chunk, column)
        end.prepareChunk(Rows.self, first + stream, at: chunk, remaining: columns - column)
      }
      for index in 0..<Rows.keyVectors {
        var vectors: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
        for stream in 0..<Streams.value {
          let chunk = end.chunk(
            Rows.self, first + stream, at: keys.rows[first + stream] + offset, remaining: columns - column)
          vectors[stream] = Rows.keyVector(chunk, index)
        }
        for row in 0..<4 {
          let queryVector = Vector(at: query + row * stride)
          for stream in 0..<Streams.value {
            sums[stream * 4 + row] = Rows.Terms.add(queryVector, vectors[stream], to: sums[stream * 4 + row])
          }
        }
        query += laneCount
      }
      column += Rows.chunk
    }
    storeLaneSums(sums, factor: factor, at: scores)
  }

  /// One row with four keys at a time.
  @inline(never)
  private static func computeScoresOfOne<End: RowEnd, Ahead: LookAhead>(
    _ query: UnsafePointer<Float>, _ columns: Int, _ keys: StreamSegment, _ end: End,
    _ prefetch: StreamPrefetch<Rows, Ahead>, _ factor: Float, into scores: UnsafeMutablePointer<Float>
  ) {
    var keys = keys
    var scores = scores
    for _ in 0..<keys.keys {
      // Eight sums are as many as hide the latency of a multiply-add.
      var first: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      var second: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      var column = 0
      var query = query
      while column < columns {
        let queryVector = Vector(at: query)
        let nextQueryVector = Rows.keyVectors == 2 ? Vector(at: query + laneCount) : .zeros
        for stream in 0..<KeyStreams.count {
          let address = keys.rows[stream] + column * Rows.elementSize
          prefetch.fetchChunk(after: address, column)
          end.prepareChunk(Rows.self, stream, at: address, remaining: columns - column)
          let chunk = end.chunk(Rows.self, stream, at: address, remaining: columns - column)
          first[stream] = Rows.Terms.add(queryVector, Rows.keyVector(chunk, 0), to: first[stream])
          if Rows.keyVectors == 2 {
            second[stream] = Rows.Terms.add(nextQueryVector, Rows.keyVector(chunk, 1), to: second[stream])
          }
        }
        query += Rows.keyVectors * laneCount
        column += Rows.chunk
      }
      let sums = laneSums(
        first[0] + second[0], first[1] + second[1], first[2] + second[2], first[3] + second[3])
      UnsafeMutableRawPointer(scores).storeBytes(of: sums * factor, as: SIMD4<Float>.self)
      keys.advance()
      scores += KeyStreams.count
    }
  }

  /// −∞ for the keys that one stream lacks, up to those of a step's vectors, whatever was computed there.
  func forbidMissingKeys(_ stream: Int, from count: Int, to end: Int) {
    forEachRowGroup { group in
      var key = count
      while key < end {
        (group.scores(ofKey: key) + stream * group.rows).update(repeating: -.infinity, count: group.rows)
        key += 1
      }
    }
  }

  /// The cap for all scores of a step.
  func applySoftcap(keys: Int) {
    forEachRowGroup { group in
      ScoreTile(
        base: group.base, stride: laneCount, rows: keys * group.rows * KeyStreams.count / laneCount, vectors: 1
      ).applySoftcap(problem.softcap, keeping: nil)
    }
  }
}
