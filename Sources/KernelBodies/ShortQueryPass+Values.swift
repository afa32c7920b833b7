import KernelIntrinsics

// O += P · V of one block, by tiles of rows by chunks of columns.
extension ShortQueryPass {
  func addValues(_ keys: BlockRange, _ prefetch: RowPrefetch) {
    var prefetch = prefetch
    let chunks = problem.valueDimension / (2 * laneCount)
    let linesPerChunk = (prefetch.lines + chunks - 1) / chunks
    var row = 0
    @inline(__always)
    func addRows<Rows: Count, Chunks: Count>(_ rowCount: Rows.Type, _ chunkCount: Chunks.Type) {
      // The lines are asked for once, with the first rows.
      let lines = row == 0 ? linesPerChunk : 0
      addValues(rowCount, chunkCount, firstRow: row, keys, &prefetch, linesPerChunk: lines)
      row += Rows.value
    }
    while rows - row >= 4 { addRows(Four.self, One.self) }
    if rows - row >= 2 { addRows(Two.self, Two.self) }
    if rows - row >= 1 { addRows(One.self, Four.self) }
  }

  @inline(never)
  private func addValues<Rows: Count, Chunks: Count>(
    _ rowCount: Rows.Type, _ chunkCount: Chunks.Type, firstRow: Int, _ keys: BlockRange,
    _ prefetch: UnsafeMutablePointer<RowPrefetch>, linesPerChunk: Int
  ) {
    let base = address(valueRows(keys), in: problem.value)
    let width = 2 * laneCount
    var column = 0
    while problem.valueDimension - column >= Chunks.value * width {
      prefetch.pointee.fetchLines(linesPerChunk * Chunks.value)
      addProducts(rowCount, chunkCount, firstRow: firstRow, base + column * Format.size, keys.count, column: column)
      column += Chunks.value * width
    }
    while column < problem.valueDimension {
      prefetch.pointee.fetchLines(linesPerChunk)
      addProducts(rowCount, One.self, firstRow: firstRow, base + column * Format.size, keys.count, column: column)
      column += width
    }
  }

  /// The products of a tile, by keys.
  @inline(__always)
  private func addProducts<Rows: Count, Chunks: Count>(
    _ rowCount: Rows.Type, _ chunkCount: Chunks.Type, firstRow: Int, _ values: UnsafeRawPointer, _ keys: Int,
    column: Int
  ) {
    let stride = problem.value.rowStride * Format.size
    let halves = 2 * Chunks.value
    let output = output(firstRow) + column
    var sums: InlineArray<8, Vector> = [.zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros]
    for row in 0..<Rows.value {
      for half in 0..<halves {
        sums[row * halves + half] = Vector(at: output + row * problem.valueDimension + half * laneCount)
      }
    }
    let probabilities = score(firstRow)
    var key = 0
    while key < keys {
      let loaded = values + key * stride
      var vectors: InlineArray<8, Vector> = [.zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros]
      for chunk in 0..<Chunks.value {
        let address = loaded + chunk * 2 * laneCount * Format.size
        vectors[2 * chunk] = Format.loadFirst(address)
        vectors[2 * chunk + 1] = Format.loadSecond(address)
      }
      for row in 0..<Rows.value {
        let factor = Vector(repeating: probabilities[row * scoreStride + key])
        for half in 0..<halves {
          sums[row * halves + half] = sums[row * halves + half].adding(product: factor, vectors[half])
        }
      }
      key += 1
    }
    for row in 0..<Rows.value {
      for half in 0..<halves {
        sums[row * halves + half].store(at: output + row * problem.valueDimension + half * laneCount)
      }
    }
  }

  /// As ``addValues(_:_:)`` where a forbidden value may be infinite or NaN, whose product with a probability of zero
  /// would not be zero; see NonFinite.swift.
  @inline(never)
  func addValuesOneByOne(_ keys: BlockRange) {
    // Masking a tile of zeros shows which pairs are forbidden.
    var head = 0
    while head < item.heads {
      let permissions = tile(head, keys, in: layout.permissions)
      permissions.clear()
      applyMasks(to: permissions, head: head, keys)
      head += 1
    }
    let permissions = memory.floats(at: layout.permissions)
    let values = valueRows(keys)
    var row = 0
    while row < rows {
      var key = 0
      while key < keys.count {
        if permissions[row * scoreStride + key] != -.infinity {
          let probability = score(row)[key]
          let offset = values.offset(in: problem.value) + key * problem.value.rowStride
          var column = 0
          while column < problem.valueDimension {
            output(row)[Format.place(ofColumn: column)] += probability * problem.value.scalar(at: offset + column)
            column += 1
          }
        }
        key += 1
      }
      row += 1
    }
  }
}
