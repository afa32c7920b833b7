import PTX

/// What lies where in the shared memory of a block with warpgroups.
struct WarpgroupMemory {
  let query: PanelLayout
  let key: PanelLayout
  let value: PanelLayout
  /// The rows of the output, in the element type.
  let output: PanelLayout
  let stages: Int
  private(set) var queryTile = 0
  private(set) var keyTiles = 0
  private(set) var valueTiles = 0
  private(set) var outputTile = 0
  private(set) var addends = 0
  private(set) var barriers = 0
  private(set) var byteCount = 0

  init(_ kernel: ForwardKernel, stages: Int) {
    query = PanelLayout(rows: kernel.tile.rows, dimension: kernel.headDimension)
    key = PanelLayout(rows: kernel.tile.keys, dimension: kernel.headDimension)
    value = PanelLayout(rows: kernel.tile.keys, dimension: kernel.valueDimension)
    output = PanelLayout(rows: kernel.tile.rows, dimension: kernel.valueDimension)
    self.stages = stages
    var layout = SharedLayout()
    // Where panels are of the same width, each warpgroup's rows of the output lie in those of its queries, which it has
    // done with by then.
    let sharesQueries = query.panelColumns == output.panelColumns
    queryTile = layout.reserve(
      bytes: sharesQueries ? max(query.byteCount, output.byteCount) : query.byteCount, alignment: 1024)
    outputTile = sharesQueries ? queryTile : layout.reserve(bytes: output.byteCount, alignment: 1024)
    keyTiles = layout.reserve(bytes: stages * key.byteCount, alignment: 1024)
    valueTiles = layout.reserve(bytes: stages * value.byteCount, alignment: 1024)
    addends = layout.reserve(bytes: ScoreAddends.byteCount(kernel))
    barriers = layout.reserve(bytes: Ring.barrierBytes(stages: 1) + 2 * Ring.barrierBytes(stages: stages))
    byteCount = layout.byteCount
  }

  /// The places of the queries' tile, of keys and of values.
  func rings(_ shared: Pointer<Shared>) -> (query: Ring, key: Ring, value: Ring) {
    let ofQuery = shared + barriers
    let ofKey = ofQuery + Ring.barrierBytes(stages: 1)
    let ofValue = ofKey + Ring.barrierBytes(stages: stages)
    return (
      Ring(layout: query, stages: 1, tiles: shared + queryTile, barriers: ofQuery),
      Ring(layout: key, stages: stages, tiles: shared + keyTiles, barriers: ofKey),
      Ring(layout: value, stages: stages, tiles: shared + valueTiles, barriers: ofValue)
    )
  }
}
