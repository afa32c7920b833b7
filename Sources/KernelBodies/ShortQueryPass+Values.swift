import KernelIntrinsics

// O += P · V of one step, by rows of V.
extension ShortQueryPass {
  /// Four rows of V at a time, one of each stream, so that a row of O is loaded and stored once for four keys.
  ///
  /// - Parameter isCareful: Whether to read copies of the rows with zeros in the place of infinite and NaN elements.
  func addValues(_ streams: KeyStreams, _ step: Int, isCareful: Bool) {
    let values = StreamRows(streams, step) { address(valueRows($0), in: problem.value) }
    let prefetch = StreamPrefetch<Format>(problem.value, columns: problem.valueDimension)
    var key = 0
    while key < values.counts[0] {
      // The probability of a missing key is 0.
      var segment = values.segment(from: key, stride: prefetch.stride, missing: zeroRow)
      if isCareful {
        for stream in 0..<KeyStreams.count where key < values.counts[stream] {
          segment.rows[stream] = finiteCopy(of: segment.rows[stream], stream)
        }
        segment.keys = 1
      }
      var row = 0
      while rows - row >= 4 {
        Self.addProducts(
          Four.self, output(row), problem.valueDimension, segment, prefetch, probabilities(row, key: key))
        row += 4
      }
      while row < rows {
        Self.addProducts(
          One.self, output(row), problem.valueDimension, segment, prefetch, probabilities(row, key: key))
        row += 1
      }
      key += segment.keys
    }
  }

  /// Adds the products of a segment to one row of O, or to four, which then share each chunk of V.
  @inline(never)
  private static func addProducts<Rows: Count>(
    _ rows: Rows.Type, _ outputs: UnsafeMutablePointer<Float>, _ columns: Int, _ values: StreamSegment,
    _ prefetch: StreamPrefetch<Format>, _ probabilities: UnsafePointer<Float>
  ) {
    var values = values
    var weights = probabilities
    for _ in 0..<values.keys {
      var column = 0
      while column < columns {
        let chunk = ValueChunk(values, column, prefetch)
        let output = outputs + column
        chunk.add(times: weights, to: output)
        // A loop over the rows would stay a loop.
        if Rows.value == 4 {
          chunk.add(times: weights + KeyStreams.count, to: output + columns)
          chunk.add(times: weights + 2 * KeyStreams.count, to: output + 2 * columns)
          chunk.add(times: weights + 3 * KeyStreams.count, to: output + 3 * columns)
        }
        column += 2 * laneCount
      }
      values.advance()
      weights += probabilityStride
    }
  }

  /// Neighbouring columns of four rows of V, in registers.
  private struct ValueChunk {
    var first: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
    var second: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]

    @inline(__always)
    init(_ values: StreamSegment, _ column: Int, _ prefetch: StreamPrefetch<Format>) {
      for stream in 0..<KeyStreams.count {
        let address = values.rows[stream] + column * Format.size
        prefetch.fetchChunk(after: address, column)
        first[stream] = Format.loadFirst(address)
        second[stream] = Format.loadSecond(address)
      }
    }

    /// Adds the products with one row's probabilities of the four keys to that row's columns of O.
    @inline(__always)
    func add(times probabilities: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>) {
      var sum0 = Vector(at: output)
      var sum1 = Vector(at: output + laneCount)
      for stream in 0..<KeyStreams.count {
        let probability = Vector(repeating: probabilities[stream])
        sum0 = sum0.adding(product: probability, first[stream])
        sum1 = sum1.adding(product: probability, second[stream])
      }
      sum0.store(at: output)
      sum1.store(at: output + laneCount)
    }
  }

  /// As ``addValues(_:_:isCareful:)`` where a forbidden value may be infinite or NaN, whose product with a probability of
  /// zero would not be zero; see NonFinite.swift. What such values contribute to permitted pairs comes afterwards, so that
  /// the bits of rows that may not see them are as if they were zeros.
  @inline(never)
  func addValuesCarefully(_ streams: KeyStreams, _ step: Int) {
    addValues(streams, step, isCareful: true)
    for stream in 0..<KeyStreams.count {
      let keys = streams.keys(stream, step: step)
      if !keys.isEmpty { addNonFiniteValues(keys, stream) }
    }
  }

  /// A row of V with zeros in the place of infinite and NaN elements, in the memory of a stream.
  private func finiteCopy(of row: UnsafeRawPointer, _ stream: Int) -> UnsafeRawPointer {
    let copy = memory + layout.finiteRows + stream * problem.valueDimension * Format.size
    copy.copyMemory(from: row, byteCount: problem.valueDimension * Format.size)
    let offset = (row - UnsafeRawPointer(problem.value.base.unsafelyUnwrapped)) / Format.size
    var column = 0
    while column < problem.valueDimension {
      if !problem.value.scalar(at: offset + column).isFinite {
        var byte = 0
        while byte < Format.size {
          copy.storeBytes(of: 0, toByteOffset: column * Format.size + byte, as: UInt8.self)
          byte += 1
        }
      }
      column += 1
    }
    return UnsafeRawPointer(copy)
  }

  private func addNonFiniteValues(_ keys: BlockRange, _ stream: Int) {
    // Masking a tile of zeros shows which pairs are forbidden.
    var head = 0
    while head < item.heads {
      let permissions = tile(head, keys, stream, in: layout.permissions)
      permissions.clear()
      applyMasks(to: permissions, head: head, keys)
      head += 1
    }
    let permissions = memory.floats(at: layout.permissions)
    valueRows(keys).forEachNonFinite(in: problem.value) { key, column, value in
      var row = 0
      while row < rows {
        let lane = row * KeyStreams.stepKeys + stream * KeyStreams.keysPerStep + key
        if permissions[lane] != -.infinity {
          output(row)[Format.place(ofColumn: column)] += probabilities(row, key: key)[stream] * value
        }
        row += 1
      }
    }
  }
}
