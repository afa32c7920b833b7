import PTX

/// What all pieces of a kernel of the forward pass read: its parameters, and which part of the work is the block's.
struct ForwardFrame {
  let b: KernelBuilder
  let kernel: ForwardKernel
  let queryLength: Value<S32>
  let keyLength: Value<S32>

  init(_ b: KernelBuilder, _ kernel: ForwardKernel) {
    self.b = b
    self.kernel = kernel
    queryLength = b.parameter(ForwardParameter.queryLength.name, S32.self)
    keyLength = b.parameter(ForwardParameter.keyLength.name, S32.self)
  }

  func parameter<Scalar: ScalarType>(_ parameter: ForwardParameter, _ type: Scalar.Type) -> Value<Scalar> {
    b.parameter(parameter.name, type)
  }

  func address(_ operand: ForwardParameter.Operand) -> Pointer<Global> {
    b.pointer(ForwardParameter.address(operand).name)
  }

  /// A stride in bytes; addresses wrap around, so that negative ones work as well.
  func stride(_ operand: ForwardParameter.Operand, _ axis: ForwardParameter.Axis) -> Value<U64> {
    if axis == .element && kernel.access != .elements { return 2 }
    return parameter(.stride(operand, axis), S64.self).bits(as: U64.self)
  }

  /// Where the rows of a batch's head begin.
  func plane(_ operand: ForwardParameter.Operand, batch: Value<U32>, head: Value<U32>) -> Pointer<Global> {
    address(operand) + batch.widened * stride(operand, .batch) + head.widened * stride(operand, .head)
  }
}

/// The rows, keys and heads of a block of threads.
struct WorkItem {
  /// The first row of the tile. Rows count queries, or, where heads share a tile, the heads of each query.
  let firstRow: Value<U32>
  let batch: Value<U32>
  /// The number of the head, or of the group of heads that share the tile.
  let headTile: Value<U32>
  /// The query head of row 0.
  let firstHead: Value<U32>
  let keyHead: Value<U32>
  /// Which part of the keys, where they are split.
  let split: Value<U32>
  let splits: Value<U32>

  /// Item number `index` of the launch.
  ///
  /// Tiles of the same number in all planes of a section are neighbours: where tiles differ in length, the longest ones
  /// of a section come first, and a section's keys and values fit the second-level cache. With one plane to a section,
  /// the tiles of a plane follow each other.
  init(_ frame: ForwardFrame, index: Value<U32>) {
    let kernel = frame.kernel
    let tiles = frame.parameter(.rowTiles, U32.self)
    let planesPerSection = frame.parameter(.planesPerSection, U32.self)
    let section = index / (planesPerSection * tiles)
    let place = index % (planesPerSection * tiles)
    let firstPlane = section * planesPerSection
    let planes = Value<U32>.minimum(planesPerSection, frame.parameter(.planes, U32.self) - firstPlane)
    let tile = place / planes
    let plane = firstPlane + place % planes
    // Later rows see more keys where the band has an upper end.
    firstRow = (kernel.band == .full ? tile : tiles - 1 - tile) * kernel.tile.rows

    let heads = frame.parameter(.headTiles, U32.self)
    headTile = plane % heads
    firstHead = headTile * kernel.headsPerTile
    keyHead = kernel.headsPerTile > 1 ? headTile : headTile / frame.parameter(.headsPerKeyHead, U32.self)
    let rest = plane / heads
    if kernel.isSplit {
      splits = frame.parameter(.splits, U32.self)
      split = rest % splits
      batch = rest / splits
    } else {
      splits = 1
      split = 0
      batch = rest
    }
  }
}

/// One row of a tile: a query of a head.
struct TileRow {
  let query: Value<S32>
  let head: Value<U32>
  /// Whether the tile's row is one of the tensor.
  let isPresent: Predicate

  init(_ frame: ForwardFrame, _ item: WorkItem, row: Value<U32>) {
    let heads = frame.kernel.headsPerTile
    let place = item.firstRow + row
    query = (place / heads).bits(as: S32.self)
    head = item.firstHead + place % heads
    isPresent = query .< frame.queryLength
  }

  /// Where the row lies in a tensor.
  func address(_ operand: ForwardParameter.Operand, _ frame: ForwardFrame, _ item: WorkItem) -> Pointer<Global> {
    frame.plane(operand, batch: item.batch, head: head)
      + query.bits(as: U32.self).widened * frame.stride(operand, .row)
  }
}
