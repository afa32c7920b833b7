import PTX

/// What a launch of a kernel of the forward pass passes. Strides are in bytes; those of a tensor are in the order of
/// its axes.
public enum ForwardParameter: Sendable, Hashable {
  /// An operand's first element.
  case address(Operand)
  /// The description of an operand for copies of tiles.
  case map(Operand)
  /// The distance of neighbours along an axis of an operand.
  case stride(Operand, Axis)
  /// Sq and Sk.
  case queryLength, keyLength
  /// The tiles of a plane: ⌈Sq · heads per tile / rows of a tile⌉.
  case rowTiles
  /// The number of planes, B · head tiles · splits, and how many of them are begun together; see ``WorkItem``.
  case planes, planesPerSection
  /// The address of 32 bits that are zero, and zero again after the launch: how many tiles have been taken from the
  /// counter.
  case counter
  /// The number of heads, or of groups of heads that share a tile.
  case headTiles
  /// Hq / Hkv, where a tile holds rows of one head.
  case headsPerKeyHead
  /// What products of queries and keys are multiplied by. Scores come out in base 2, or, where they are capped, divided
  /// by the cap.
  case scoreFactor
  /// The cap in base 2: c · log₂ e.
  case cap
  /// The key position of query 0 and the bounds of the band around it; −2²⁹ to 2²⁹.
  case diagonal, left, right
  /// The number of parts of the keys.
  case splits
  /// Where results of parts lie, fp32 and dense: [splits, B, Hq, Sq, Dv] and [splits, B, Hq, Sq].
  case partialOutput, partialLogSumExp
  /// The address of 32 bits for each batch and head tile, zero, and zero again after the launch: how many parts of it
  /// are there.
  case arrivals

  public enum Operand: String, Sendable, Hashable, CaseIterable {
    case query, key, value, output
    /// fp32, dense: [B, Hq, Sq].
    case logSumExp = "log_sum_exp"
    case bias, mask
  }

  public enum Axis: String, Sendable, Hashable, CaseIterable {
    case batch, head, row, element
  }

  /// The name in the text.
  var name: String {
    switch self {
    case .address(let operand): operand.rawValue
    case .map(let operand): "\(operand.rawValue)_map"
    case .stride(let operand, let axis): "\(operand.rawValue)_\(axis.rawValue)_stride"
    case .queryLength: "query_length"
    case .keyLength: "key_length"
    case .rowTiles: "row_tiles"
    case .planes: "planes"
    case .planesPerSection: "planes_per_section"
    case .counter: "counter"
    case .headTiles: "head_tiles"
    case .headsPerKeyHead: "heads_per_key_head"
    case .scoreFactor: "score_factor"
    case .cap: "cap"
    case .diagonal: "diagonal"
    case .left: "left"
    case .right: "right"
    case .splits: "splits"
    case .partialOutput: "partial_output"
    case .partialLogSumExp: "partial_log_sum_exp"
    case .arrivals: "arrivals"
    }
  }

  var parameter: Parameter {
    switch self {
    case .address, .counter, .partialOutput, .partialLogSumExp, .arrivals: .scalar(name, U64.self)
    case .map: .tensorMap(name)
    // Addresses of single scores are computed in the loop over keys, where 64-bit products would be dear.
    case .stride(.bias, .element), .stride(.mask, .element): .scalar(name, S32.self)
    case .stride: .scalar(name, S64.self)
    case .queryLength, .keyLength, .diagonal, .left, .right: .scalar(name, S32.self)
    case .rowTiles, .planes, .planesPerSection, .headTiles, .headsPerKeyHead, .splits: .scalar(name, U32.self)
    case .scoreFactor, .cap: .scalar(name, F32.self)
    }
  }
}

extension ForwardKernel {
  /// The parameters in the order in which a launch passes them.
  public var parameters: [ForwardParameter] {
    var list = operandParameters
    if writesResults { list.append(.address(.logSumExp)) }
    for (operand, isPresent) in [(ForwardParameter.Operand.bias, bias != nil), (.mask, isMasked)] where isPresent {
      list.append(.address(operand))
      list += ForwardParameter.Axis.allCases.map { .stride(operand, $0) }
    }
    list += [.queryLength, .keyLength, .rowTiles, .planes, .planesPerSection, .headTiles]
    if takesTilesFromCounter { list.append(.counter) }
    if headsPerTile == 1 { list.append(.headsPerKeyHead) }
    list.append(.scoreFactor)
    if isCapped { list.append(.cap) }
    switch band {
    case .full: break
    case .upper: list += [.diagonal, .right]
    case .both: list += [.diagonal, .left, .right]
    }
    if isSplit { list += [.splits, .partialOutput, .partialLogSumExp] }
    if keyParts == .merged { list.append(.arrivals) }
    return list
  }

  /// Whether it writes output and log-sum-exp, and not only parts of them.
  private var writesResults: Bool { keyParts != .parts }

  private var operandParameters: [ForwardParameter] {
    var list: [ForwardParameter] = []
    for operand in [ForwardParameter.Operand.query, .key, .value, .output] {
      if operand == .output && !writesResults { continue }
      let isMapped = tile.target == .sm90a && !(operand == .output && isSplit)
      if isMapped { list.append(.map(operand)) }
      // Rows that are computed with care are read without maps, and written where their neighbours are.
      if isMapped && (operand == .output || !forbidsPositions) { continue }
      list.append(.address(operand))
      list += [.batch, .head, .row].map { .stride(operand, $0) }
      if access == .elements { list.append(.stride(operand, .element)) }
    }
    return list
  }
}
