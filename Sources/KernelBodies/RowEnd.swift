/// How the last chunk of a row is read. Types, because a test for each chunk would cost rows of whole chunks up to a
/// fifth of their speed.
protocol RowEnd {
  /// Makes the chunk ready that begins at a column of a stream's row.
  ///
  /// - Parameter columns: The columns from there on.
  func prepareChunk<Rows: RowTerms>(
    _ rows: Rows.Type, _ stream: Int, at address: UnsafeRawPointer, remaining columns: Int)

  /// Where it is read.
  func chunk<Rows: RowTerms>(
    _ rows: Rows.Type, _ stream: Int, at address: UnsafeRawPointer, remaining columns: Int
  ) -> UnsafeRawPointer
}

/// Rows are whole chunks.
struct WholeChunks: RowEnd {
  @inline(__always)
  func prepareChunk<Rows: RowTerms>(
    _ rows: Rows.Type, _ stream: Int, at address: UnsafeRawPointer, remaining columns: Int
  ) {}

  @inline(__always)
  func chunk<Rows: RowTerms>(
    _ rows: Rows.Type, _ stream: Int, at address: UnsafeRawPointer, remaining columns: Int
  ) -> UnsafeRawPointer { address }
}

/// The last chunk may be a part of one, and is copied.
struct LastChunkCopied: RowEnd {
  /// Room for one chunk of each stream.
  let copies: UnsafeMutableRawPointer

  @inline(__always)
  func prepareChunk<Rows: RowTerms>(
    _ rows: Rows.Type, _ stream: Int, at address: UnsafeRawPointer, remaining columns: Int
  ) {
    if columns >= Rows.chunk { return }
    let copy = copies + stream * Rows.chunkSize
    // Dimensions are multiples of 8, so that a row ends with a word.
    let words = columns * Rows.elementSize / 4
    var word = 0
    while word < Rows.chunkSize / 4 {
      Vector(firstWords: max(0, min(words - word, laneCount)), at: address + 4 * word)
        .store(at: (copy + 4 * word).assumingMemoryBound(to: Float.self))
      word += laneCount
    }
  }

  @inline(__always)
  func chunk<Rows: RowTerms>(
    _ rows: Rows.Type, _ stream: Int, at address: UnsafeRawPointer, remaining columns: Int
  ) -> UnsafeRawPointer {
    columns >= Rows.chunk ? address : UnsafeRawPointer(copies + stream * Rows.chunkSize)
  }
}
