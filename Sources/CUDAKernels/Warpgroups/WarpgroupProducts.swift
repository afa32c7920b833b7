import PTX

/// The two products of a step by one warpgroup, begun here and done when they are waited for.
struct WarpgroupProducts {
  let frame: ForwardFrame
  private let query: SharedTile
  private let queries: MatrixDescriptor

  private var b: KernelBuilder { frame.b }

  /// - Parameters:
  ///   - query: The place where the tile's queries are.
  ///   - firstRow: The warpgroup's first row of them.
  init(_ frame: ForwardFrame, query: SharedTile, firstRow: Value<U32>) {
    self.frame = frame
    self.query = query
    queries = Self.describe(frame.b, query, at: query.start + firstRow * query.layout.rowBytes, major: .summed)
  }

  /// S = Q Kᵀ.
  func beginScores(_ scores: Fragments, _ key: SharedTile) {
    let keys = Self.describe(b, key, at: key.start, major: .summed)
    for column in stride(from: 0, to: query.layout.columns, by: 16) {
      b.multiplyWarpgroupMatrices(
        scores.accumulators(0), .shared(b.advance(queries, byBytes: Self.distance(query.layout, column))),
        b.advance(keys, byBytes: Self.distance(key.layout, column)), type: frame.kernel.element,
        accumulates: Predicate(column > 0))
    }
    b.commitWarpgroup()
  }

  /// O += P V.
  ///
  /// - Parameter probabilities: Four pairs for every 16 keys.
  func beginOutput(_ output: Fragments, _ probabilities: [[Value<B32>]], _ value: SharedTile) {
    let values = Self.describe(b, value, at: value.start, major: .result)
    for (index, fragment) in probabilities.enumerated() {
      b.multiplyWarpgroupMatrices(
        output.accumulators(0), .registers(fragment),
        b.advance(values, byBytes: index * 16 * value.layout.rowBytes), type: frame.kernel.element,
        accumulates: Predicate(true))
    }
    b.commitWarpgroup()
  }

  /// Eight rows of a panel are one period of the swizzle; the next panel follows all rows.
  private static func describe(
    _ b: KernelBuilder, _ tile: SharedTile, at start: Pointer<Shared>, major: MatrixDescriptor.Major
  ) -> MatrixDescriptor {
    b.describe(
      start, swizzle: tile.layout.swizzle, major: major, leadingBytes: tile.layout.panelBytes,
      strideBytes: tile.layout.swizzle.period)
  }

  /// From column 0 to a column of the same row.
  private static func distance(_ layout: PanelLayout, _ column: Int) -> Int {
    let offset = layout.offset(ofColumn: column)
    return offset.panel + offset.bytes
  }
}
