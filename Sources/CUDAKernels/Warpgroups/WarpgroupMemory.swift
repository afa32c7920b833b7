import PTX

/// What lies where in the shared memory of a block with warpgroups.
struct WarpgroupMemory {
  let query: PanelLayout
  let key: PanelLayout
  let value: PanelLayout
  /// The rows of the output, in the element type.
  let output: PanelLayout
  /// The places of keys, and those of values.
  let stages: Int
  /// The places of queries: with two, the next ones come while a tile is computed.
  let queryStages: Int
  /// Whether each warpgroup's rows of the output lie in those of its queries, with which it has done by then. With a
  /// place of its own for the output, the next queries come while it is written.
  let outputSharesQueries: Bool
  private(set) var queryTile = 0
  private(set) var keyTiles = 0
  private(set) var valueTiles = 0
  private(set) var outputTile = 0
  private(set) var addends = 0
  private(set) var barriers = 0
  private(set) var slots = 0
  private(set) var mergeSlot = 0
  private(set) var byteCount = 0

  init(_ kernel: ForwardKernel, stages: Int) {
    let roomy = [2, 1].map { WarpgroupMemory(kernel, stages: stages, queryStages: $0, outputSharesQueries: false) }
    self =
      roomy.first { $0.byteCount <= Self.limit }
      ?? WarpgroupMemory(kernel, stages: stages, queryStages: 1, outputSharesQueries: true)
  }

  /// What a block can have on compute capability 9.0: 227 KiB.
  private static let limit = 232_448

  private init(_ kernel: ForwardKernel, stages: Int, queryStages: Int, outputSharesQueries: Bool) {
    query = .queries(of: kernel)
    key = PanelLayout(rows: kernel.tile.keys, dimension: kernel.headDimension)
    value = PanelLayout(rows: kernel.tile.keys, dimension: kernel.valueDimension)
    output = .output(of: kernel)
    self.stages = stages
    self.queryStages = queryStages
    self.outputSharesQueries = outputSharesQueries
    var layout = SharedLayout()
    queryTile = layout.reserve(
      bytes: outputSharesQueries ? max(query.byteCount, output.byteCount) : queryStages * query.byteCount,
      alignment: 1024)
    outputTile = outputSharesQueries ? queryTile : layout.reserve(bytes: output.byteCount, alignment: 1024)
    keyTiles = layout.reserve(bytes: stages * key.byteCount, alignment: 1024)
    valueTiles = layout.reserve(bytes: stages * value.byteCount, alignment: 1024)
    addends = layout.reserve(bytes: ScoreAddends.byteCount(kernel))
    barriers = layout.reserve(bytes: Ring.barrierBytes(stages: queryStages) + 2 * Ring.barrierBytes(stages: stages))
    slots = layout.reserve(bytes: kernel.takesTilesFromCounter ? queryStages * TileQueue.slotBytes : 0)
    mergeSlot = layout.reserve(bytes: kernel.keyParts == .merged ? 4 : 0)
    byteCount = layout.byteCount
  }

  /// The places of queries, of keys and of values.
  func rings(_ shared: Pointer<Shared>) -> (query: Ring, key: Ring, value: Ring) {
    let ofQuery = shared + barriers
    let ofKey = ofQuery + Ring.barrierBytes(stages: queryStages)
    let ofValue = ofKey + Ring.barrierBytes(stages: stages)
    return (
      Ring(layout: query, stages: queryStages, tiles: shared + queryTile, barriers: ofQuery),
      Ring(layout: key, stages: stages, tiles: shared + keyTiles, barriers: ofKey),
      Ring(layout: value, stages: stages, tiles: shared + valueTiles, barriers: ofValue)
    )
  }
}

extension PanelLayout {
  /// The rows of queries and of the output of a tile, in panels of the same width: so the rows of a warpgroup lie at
  /// the same places in both.
  static func queries(of kernel: ForwardKernel) -> PanelLayout {
    PanelLayout(
      rows: kernel.tile.rows, dimension: kernel.headDimension, likeTileOf: kernel.valueDimension)
  }

  static func output(of kernel: ForwardKernel) -> PanelLayout {
    PanelLayout(
      rows: kernel.tile.rows, dimension: kernel.valueDimension, likeTileOf: kernel.headDimension)
  }
}
