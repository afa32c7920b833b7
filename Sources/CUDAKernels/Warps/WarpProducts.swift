import PTX

/// The two products of a step by one warp: 16 or 32 rows of queries with all keys, and their probabilities with all
/// values.
struct WarpProducts {
  let frame: ForwardFrame
  private let query: FragmentAddresses
  private let key: FragmentAddresses
  private let value: FragmentAddresses

  init(
    _ frame: ForwardFrame, query: SharedTile, key: SharedTile, value: SharedTile, lane: Value<U32>, warpRow: Value<U32>
  ) {
    self.frame = frame
    self.query = FragmentAddresses(query, lane: lane, firstRow: warpRow)
    self.key = FragmentAddresses(key, lane: lane)
    self.value = FragmentAddresses(value, lane: lane)
  }

  /// The warp's queries, for every 16 columns and 16 rows, to be kept from step to step.
  func loadQueries(rowFragments: Int) -> [[[Value<B32>]]] {
    stride(from: 0, to: query.tile.layout.columns, by: 16).map { loadQueries(column: $0, rowFragments) }
  }

  private func loadQueries(column: Int, _ rowFragments: Int) -> [[Value<B32>]] {
    (0..<rowFragments).map { frame.b.loadMatrices(4, from: query.fragment(row: $0 * 16, column: column)) }
  }

  /// S = Q Kᵀ.
  ///
  /// - Parameter queries: What ``loadQueries(rowFragments:)`` gave; nil to load them as they are needed.
  func multiplyQueriesAndKeys(_ scores: Fragments, _ queries: [[[Value<B32>]]]?) {
    let b = frame.b
    scores.clear()
    for column in stride(from: 0, to: query.tile.layout.columns, by: 16) {
      b.comment("dimensions \(column) to \(column + 15)")
      let rows = queries?[column / 16] ?? loadQueries(column: column, scores.registers.count)
      for block in stride(from: 0, to: key.tile.layout.rows, by: 16) {
        // Rows of K are columns of Kᵀ: matrices 0 and 2 hold eight keys, 1 and 3 the next eight.
        let keys = b.loadMatrices(4, from: key.fragment(row: block, column: column))
        for (row, registers) in zip(rows, scores.registers) {
          b.multiplyMatrices(registers[block / 8], row, [keys[0], keys[2]], type: frame.kernel.element)
          b.multiplyMatrices(registers[block / 8 + 1], row, [keys[1], keys[3]], type: frame.kernel.element)
        }
      }
    }
  }

  /// O += P V.
  func addProbabilitiesTimesValues(_ probabilities: Fragments, to output: Fragments) {
    let b = frame.b
    for block in stride(from: 0, to: value.tile.layout.rows, by: 16) {
      b.comment("keys \(block) to \(block + 15)")
      let rows = probabilities.registers.map { LeftFragment.of($0, block / 8, frame) }
      for column in stride(from: 0, to: value.tile.layout.columns, by: 16) {
        // Transposed: matrices 0 and 1 hold eight columns of 16 keys, 2 and 3 the next eight.
        let values = b.loadMatrices(4, from: value.fragment(row: block, column: column), isTransposed: true)
        for (row, registers) in zip(rows, output.registers) {
          b.multiplyMatrices(registers[column / 8], row, [values[0], values[1]], type: frame.kernel.element)
          b.multiplyMatrices(registers[column / 8 + 1], row, [values[2], values[3]], type: frame.kernel.element)
        }
      }
    }
  }
}

/// Probabilities as the left factor of a product: results of one product hold the same elements as factors of the next
/// one.
enum LeftFragment {
  /// - Parameter block: The number of the first of two blocks of eight columns.
  static func of(_ registers: [[Variable<F32>]], _ block: Int, _ frame: ForwardFrame) -> [Value<B32>] {
    [registers[block], registers[block + 1]].flatMap { elements in
      [0, 2].map { frame.b.pair(elements[$0].value, elements[$0 + 1].value, as: frame.kernel.element) }
    }
  }
}
