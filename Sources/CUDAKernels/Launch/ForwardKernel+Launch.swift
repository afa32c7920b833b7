import PTX

extension ForwardKernel {
  /// The launch that computes a problem.
  ///
  /// - Parameters:
  ///   - problem: It fits what the kernel is written for, and has at least one query.
  ///   - residentBlocks: How many blocks of threads the device holds at once; kernels whose blocks stay need no more.
  ///   - planesPerSection: See ``WorkItem``.
  public func launch(_ problem: ForwardProblem, residentBlocks: Int, planesPerSection: Int) -> KernelLaunch {
    let tiles = rowTiles(problem) * planes(problem)
    let blocks: Int
    switch tile.engine {
    case .warps: blocks = tiles
    case .warpgroups: blocks = min(tiles, residentBlocks)
    }
    return KernelLaunch(
      name: name, blocks: blocks, threads: tile.threads, sharedBytes: sharedBytes,
      arguments: parameters.map { argument($0, problem, planesPerSection: planesPerSection) })
  }

  /// The tiles of a plane.
  public func rowTiles(_ problem: ForwardProblem) -> Int {
    (problem.queryLength * headsPerTile + tile.rows - 1) / tile.rows
  }

  /// The planes: batches, heads or groups of heads, and parts of the keys.
  public func planes(_ problem: ForwardProblem) -> Int {
    problem.batch * headTiles(problem) * (isSplit ? problem.splits : 1)
  }

  private func headTiles(_ problem: ForwardProblem) -> Int { problem.queryHeads / headsPerTile }

  private func argument(
    _ parameter: ForwardParameter, _ problem: ForwardProblem, planesPerSection: Int
  ) -> LaunchArgument {
    switch parameter {
    case .address(let operand): .word64(self.operand(operand, problem).address)
    case .map(let operand): .map(map(operand, problem))
    // The kernel takes this one in 32 bits.
    case .stride(let operand, .element) where operand == .bias || operand == .mask:
      .integer(self.operand(operand, problem).strides[3])
    case .stride(let operand, let axis): .stride(self.operand(operand, problem).strides[axis.index])
    case .queryLength: .integer(problem.queryLength)
    case .keyLength: .integer(problem.keyLength)
    case .rowTiles: .integer(rowTiles(problem))
    case .planes: .integer(planes(problem))
    case .planesPerSection: .integer(planesPerSection)
    case .counter: .word64(problem.counter)
    case .headTiles: .integer(headTiles(problem))
    case .headsPerKeyHead: .integer(problem.queryHeads / max(problem.keyValueHeads, 1))
    case .scoreFactor: .float(problem.softcap.map { problem.scale / $0 } ?? problem.scale * Logarithms.log2OfE)
    case .cap: .float((problem.softcap ?? 0) * Logarithms.log2OfE)
    case .diagonal: .integer(Self.bounded(problem.diagonal))
    case .left: .integer(Self.bounded(problem.left ?? .max))
    case .right: .integer(Self.bounded(problem.right ?? .max))
    case .splits: .integer(problem.splits)
    case .partialOutput: .word64(parts(problem).output)
    case .partialLogSumExp: .word64(parts(problem).logSumExp)
    case .arrivals: .word64(parts(problem).arrivals)
    }
  }

  /// No sequence is longer, so that farther bounds are none.
  private static func bounded(_ distance: Int) -> Int {
    min(max(distance, -ForwardProblem.longestSequence), ForwardProblem.longestSequence)
  }

  private func operand(_ operand: ForwardParameter.Operand, _ problem: ForwardProblem) -> ForwardProblem.Operand {
    guard let found = problem.operands[operand] else {
      preconditionFailure("the kernel \(name) reads or writes the operand \(operand.rawValue)")
    }
    return found
  }

  private func parts(_ problem: ForwardProblem) -> ForwardProblem.Parts {
    guard let parts = problem.parts else { preconditionFailure("the kernel \(name) leaves parts of the result") }
    return parts
  }

  /// The map of an operand. Queries and output have an axis of heads that share a tile before that of queries, so that
  /// a tile's rows come in their order.
  private func map(_ name: ForwardParameter.Operand, _ problem: ForwardProblem) -> TileMap {
    let operand = self.operand(name, problem)
    let isSequence = name == .key || name == .value
    let dimension = name == .query || name == .key ? headDimension : valueDimension
    let layout: PanelLayout =
      switch name {
      case .query: .queries(of: self)
      case .output: .output(of: self)
      default: PanelLayout(rows: tile.keys, dimension: dimension)
      }
    let (batch, head, row) = (operand.strides[0], operand.strides[1], operand.strides[2])
    let sizes: [Int]
    let strides: [Int]
    let box: [Int]
    if isSequence {
      sizes = [dimension, problem.keyLength, problem.keyValueHeads, problem.batch]
      strides = [row, head, batch]
      box = [layout.panelColumns, tile.keys, 1, 1]
    } else {
      // Each warpgroup writes its own rows.
      let rows = name == .output ? 64 : tile.rows
      sizes = [dimension, headsPerTile, problem.queryLength, headTiles(problem), problem.batch]
      strides = [head, row, head * headsPerTile, batch]
      box = [layout.panelColumns, headsPerTile, rows / headsPerTile, 1, 1]
    }
    return TileMap(
      element: element, address: operand.address, sizes: sizes.map { max($0, 1) },
      // Where an axis has one element, or the tensor none, a stride has no meaning, but the driver looks at it.
      strides: zip(strides, sizes.dropFirst()).map { $1 > 1 && !sizes.contains(0) ? $0 : 16 }, box: box,
      swizzle: layout.swizzle)
  }
}

extension ForwardParameter.Axis {
  /// Its place in [B, H, S, D].
  var index: Int {
    switch self {
    case .batch: 0
    case .head: 1
    case .row: 2
    case .element: 3
    }
  }
}
