import PTX

/// What a kernel of the forward pass is written for: all that its text depends on.
///
/// Lengths, strides and bounds of the band are parameters of a launch, so that one kernel serves all of them.
public struct ForwardKernel: Sendable, Hashable {
  /// The element type of queries, keys, values and output.
  public let element: HalfType
  /// D and Dv.
  public let headDimension: Int
  public let valueDimension: Int
  /// Which keys a query sees by their place.
  public let band: Band
  /// Whether scores are capped: S ← c · tanh(S / c).
  public let isCapped: Bool
  /// The element type of an additive bias.
  public let bias: BiasType?
  /// Whether a boolean mask is given.
  public let isMasked: Bool
  /// Whether the factor of the scores may be zero or negative, so that the largest product is not the largest score.
  public let isScaledFirst: Bool
  /// How many query heads share the rows of a tile: 1, or all that share a key/value head.
  public let headsPerTile: Int
  /// How much of the keys a block computes.
  public let keyParts: KeyParts
  /// How rows of the operands lie in memory.
  public let access: RowAccess
  /// The blocks in which it walks.
  public let tile: ForwardTile

  public init(
    element: HalfType, headDimension: Int, valueDimension: Int, band: Band = .full,
    isCapped: Bool = false, bias: BiasType? = nil, isMasked: Bool = false, isScaledFirst: Bool = false,
    headsPerTile: Int = 1, keyParts: KeyParts = .whole, access: RowAccess = .chunks(bytes: 16), tile: ForwardTile
  ) {
    precondition((1...256).contains(headDimension) && (1...256).contains(valueDimension), "dimensions are 1 to 256")
    self.element = element
    self.headDimension = headDimension
    self.valueDimension = valueDimension
    self.band = band
    self.isCapped = isCapped
    self.bias = bias
    self.isMasked = isMasked
    self.isScaledFirst = isScaledFirst
    self.headsPerTile = headsPerTile
    self.keyParts = keyParts
    self.access = access
    self.tile = tile
  }

  /// How much of the keys a block computes, and what becomes of its result.
  public enum KeyParts: String, Sendable, Hashable, CaseIterable {
    /// All keys that its rows see.
    case whole
    /// A part. Whoever stores the last part of some rows merges them; all rows of a plane are in one tile.
    case merged
    /// A part, which ``CombineKernel`` merges with the others.
    case parts
  }

  /// Which bounds the positional mask has: query i sees key j where i + diagonal − left ≤ j ≤ i + diagonal + right.
  public enum Band: String, Sendable, Hashable, CaseIterable {
    /// None: every query sees every key.
    case full
    /// Only the last key is bounded, as under a causal mask.
    case upper
    /// Both are.
    case both
  }

  /// The element type of a bias.
  public enum BiasType: String, Sendable, Hashable, CaseIterable {
    case float32 = "f32"
    case float16 = "f16"
    case bfloat16 = "bf16"
  }

  /// How rows of queries, keys, values and output lie in memory.
  public enum RowAccess: Sendable, Hashable {
    /// Elements are neighbours, and every row begins at a multiple of 4, 8 or 16 bytes: that much is copied at once.
    case chunks(bytes: Int)
    /// Elements have a stride, or rows begin anywhere: they are copied one by one.
    case elements
  }
}

extension ForwardKernel {
  /// Whether positions of a tile may be forbidden by something other than the end of the keys. Only then can a number
  /// that is not finite reach a row that does not see it, and rows are computed with care.
  var forbidsPositions: Bool { band != .full || isMasked || bias != nil }

  /// Whether scores are scaled before their maximum is taken, and not in the exponent.
  var scalesScoresFirst: Bool { isCapped || bias != nil || isScaledFirst }

  /// Whether blocks of threads take tiles from a common counter. Where tiles differ in length, a fixed share of them
  /// would leave some blocks without work while others have several tiles to go.
  public var takesTilesFromCounter: Bool {
    if case .warpgroups = tile.engine { band != .full } else { false }
  }

  /// Whether a block computes a part of the keys only.
  var isSplit: Bool { keyParts != .whole }

  /// The name of the entry.
  public var name: String {
    var words = ["attend", tile.target.rawValue, element.rawValue, "d\(headDimension)"]
    if valueDimension != headDimension { words.append("v\(valueDimension)") }
    if band != .full { words.append(band.rawValue) }
    if isCapped { words.append("capped") }
    if let bias { words.append("bias_\(bias.rawValue)") }
    if isMasked { words.append("masked") }
    if isScaledFirst { words.append("scaled") }
    if headsPerTile > 1 { words.append("heads\(headsPerTile)") }
    if isSplit { words.append(keyParts.rawValue) }
    switch access {
    case .chunks(bytes: 16): break
    case .chunks(let bytes): words.append("chunks\(bytes)")
    case .elements: words.append("elements")
    }
    words.append("\(tile.rows)x\(tile.keys)")
    return words.joined(separator: "_")
  }
}
