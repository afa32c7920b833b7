import PTX

/// How the forward pass is computed on a device: kernel, parts of the keys and order of the work. A pure function of
/// what is asked and the device.
public struct ForwardChoice: Sendable, Hashable {
  public let kernel: ForwardKernel
  /// Parts of the keys, 1 where they are not split.
  public let splits: Int
  /// How many planes are begun together; see ``WorkItem``.
  public let planesPerSection: Int
  /// Blocks of threads of a kernel whose blocks stay: one for each multiprocessor, whose registers each fills.
  public let residentBlocks: Int

  /// How many counters of parts the kernel has: one for each batch and head tile where it merges them, else none.
  public let arrivalCount: Int

  /// The kernel that merges the parts, where keys are split and those who compute the parts do not.
  public var combine: CombineKernel? {
    kernel.keyParts == .parts
      ? CombineKernel(
        element: kernel.element, valueDimension: kernel.valueDimension, access: kernel.access)
      : nil
  }

  /// Why the device cannot serve the request, as a clause; nil where it can.
  public static func refusal(of request: ForwardRequest, on device: GPUTraits) -> String? {
    if device.capability < GPUTraits.oldest {
      return "compute capability \(device.capability) is below \(GPUTraits.oldest)"
    }
    for (name, dimension) in [("D", request.headDimension), ("Dv", request.valueDimension)] where dimension > 256 {
      return "\(name) is \(dimension), and its kernels go up to 256"
    }
    for (name, length) in [("Sq", request.queryLength), ("Sk", request.keyLength)]
    where length > ForwardProblem.longestSequence {
      return "\(name) is \(length), and its kernels count positions up to \(ForwardProblem.longestSequence)"
    }
    let rows = request.batch.multipliedReportingOverflow(by: request.queryHeads)
    let all = rows.partialValue.multipliedReportingOverflow(by: max(request.queryLength, 1))
    if rows.overflow || all.overflow || all.partialValue >= 1 << 31 {
      return "there are 2^31 rows of queries or more"
    }
    return nil
  }

  /// Chooses for a request that ``refusal(of:on:)`` has nothing against.
  public init(_ request: ForwardRequest, on device: GPUTraits) {
    let packed = Self.headsPerTile(request)
    let usesWarpgroups =
      device.capability == GPUTraits.Capability(9, 0) && request.layout.isMappable && 64 % packed == 0
    let rows = request.queryLength * packed
    func kernel(_ keyParts: ForwardKernel.KeyParts) -> ForwardKernel {
      let question = ForwardTileTable.Question(
        dimension: max(request.headDimension, request.valueDimension),
        hasAddends: request.bias != nil || request.isMasked, hasBand: request.band != .full,
        rows: rows, keys: request.keyLength, isSplit: keyParts != .whole)
      return ForwardKernel(
        element: request.element, headDimension: request.headDimension, valueDimension: request.valueDimension,
        band: request.band, isCapped: request.isCapped, bias: request.bias, isMasked: request.isMasked,
        isScaledFirst: !request.hasPositiveScale, headsPerTile: packed, keyParts: keyParts,
        access: request.layout.access,
        tile: usesWarpgroups ? ForwardTileTable.tileOfWarpgroups(question) : ForwardTileTable.tileOfWarps(question))
    }
    let whole = kernel(.whole)
    let planes = request.batch * (request.queryHeads / packed)
    let tiles = (rows + whole.tile.rows - 1) / whole.tile.rows * planes
    let blocksOfKeys = (request.keyLength + whole.tile.keys - 1) / whole.tile.keys
    splits =
      blocksOfKeys <= Self.fewSteps(rows: rows)
      ? 1 : Self.splits(tiles: tiles, blocksOfKeys: blocksOfKeys, multiprocessors: device.multiprocessors)
    self.kernel = splits == 1 ? whole : kernel(rows <= Self.fewMergedRows ? .merged : .parts)
    arrivalCount = self.kernel.keyParts == .merged ? planes : 0
    residentBlocks = device.multiprocessors
    planesPerSection = min(
      Self.planesPerSection(request, headsPerTile: packed, level2Cache: device.level2Cache), max(planes * splits, 1))
  }

  /// Heads share a tile where the queries of one leave most of it empty, as in decoding. A group that does not divide
  /// the rows of a warpgroup gives those up for it, which pays only where it has few queries.
  private static func headsPerTile(_ request: ForwardRequest) -> Int {
    let heads = request.headsPerGroup
    let most = 64 % heads == 0 ? ForwardTileTable.fewRows : 16
    return heads <= 64 && request.queryLength <= most ? heads : 1
  }

  /// With more rows than these a second launch merges parts: two for each warp of a block.
  private static let fewMergedRows = 8

  /// So many steps take less than merging their parts.
  public static func fewSteps(rows: Int) -> Int { rows <= fewMergedRows ? 2 : 8 }

  /// Where tiles leave multiprocessors idle, the fewest parts that reach 95 % of the best use of them.
  static func splits(tiles: Int, blocksOfKeys: Int, multiprocessors: Int) -> Int {
    guard tiles > 0, tiles * 5 < multiprocessors * 4 else { return 1 }
    /// The part of the multiprocessors' time that is used, where every part of the keys takes as long.
    func use(_ splits: Int) -> Double {
      let part = (blocksOfKeys + splits - 1) / splits
      let parts = (blocksOfKeys + part - 1) / part
      let waves = (tiles * parts + multiprocessors - 1) / multiprocessors
      return Double(tiles * blocksOfKeys) / Double(waves * part * multiprocessors)
    }
    let candidates = 1...min(blocksOfKeys, mostSplits)
    let best = candidates.map(use).max() ?? 0
    return candidates.first { use($0) >= 0.95 * best } ?? 1
  }

  /// Each part costs a row of fp32 numbers for every row of the result.
  private static let mostSplits = 128

  /// With a band, as many planes as have their keys and values in two thirds of the second-level cache; else one after
  /// the other.
  private static func planesPerSection(_ request: ForwardRequest, headsPerTile: Int, level2Cache: Int) -> Int {
    guard request.band != .full else { return 1 }
    let bytes = max(request.keyLength * (request.headDimension + request.valueDimension) * 2, 1)
    // Heads of a group read the same keys and values.
    return max(1, level2Cache * 2 / 3 / bytes * (request.headsPerGroup / headsPerTile))
  }
}

extension ForwardChoice {
  /// The launch of the main kernel.
  public func launch(_ problem: ForwardProblem) -> KernelLaunch {
    kernel.launch(problem, residentBlocks: residentBlocks, planesPerSection: planesPerSection)
  }
}
