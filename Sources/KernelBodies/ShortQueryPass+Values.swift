import KernelIntrinsics

// O += P · V of one step, by rows of V.
extension ShortQueryPass {
  /// Four rows of V at a time, one of each stream, so that a row of O is loaded and stored once for four keys.
  ///
  /// - Parameter isCareful: Whether to read copies of the rows with zeros in the place of infinite and NaN elements.
  @inline(__always)
  func addValues(_ streams: KeyStreams, _ step: Int, isCareful: Bool) {
    let values = StreamRows(streams, step) { address(valueRows($0), in: problem.value) }
    // Where a stream has no key left, a row of zeros stands for it: its probability is 0.
    let zeros = UnsafeRawPointer(memory.floats(at: layout.zeroRow))
    let stride = problem.value.rowStride * Format.size
    let ahead = stride * rowsAhead(problem.valueDimension)
    let outputs = output(0)
    let probabilities = UnsafePointer(score(0))
    let rows = rows
    let columns = problem.valueDimension
    var offset = 0
    var key = 0
    while key < values.counts[0] {
      var four: InlineArray<4, UnsafeRawPointer> = [zeros, zeros, zeros, zeros]
      for stream in 0..<KeyStreams.count where key < values.counts[stream] {
        let row = values.starts[stream] + offset
        four[stream] = isCareful ? finiteCopy(of: row, stream) : row
      }
      Self.addProducts(rows, columns, four, ahead, probabilities + key, to: outputs)
      offset += stride
      key += 1
    }
  }

  @inline(__always)
  private static func addProducts(
    _ rows: Int, _ columns: Int, _ values: InlineArray<4, UnsafeRawPointer>, _ ahead: Int,
    _ probabilities: UnsafePointer<Float>, to outputs: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    while column < columns {
      var first: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      var second: InlineArray<4, Vector> = [.zeros, .zeros, .zeros, .zeros]
      for stream in 0..<KeyStreams.count {
        let address = values[stream] + column * Format.size
        kernel_prefetch_soon(address + ahead)
        first[stream] = Format.loadFirst(address)
        second[stream] = Format.loadSecond(address)
      }
      var output = outputs + column
      var weights = probabilities
      var row = 0
      while row < rows {
        var sum0 = Vector(at: output)
        var sum1 = Vector(at: output + laneCount)
        for stream in 0..<KeyStreams.count {
          let probability = Vector(repeating: weights[stream * KeyStreams.keysPerStep])
          sum0 = sum0.adding(product: probability, first[stream])
          sum1 = sum1.adding(product: probability, second[stream])
        }
        sum0.store(at: output)
        sum1.store(at: output + laneCount)
        output += columns
        weights += KeyStreams.stepKeys
        row += 1
      }
      column += 2 * laneCount
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
          output(row)[Format.place(ofColumn: column)] += score(0)[lane] * value
        }
        row += 1
      }
    }
  }
}
