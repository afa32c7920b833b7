import PTX

/// What is asked of the forward pass on a device, without addresses.
public struct ForwardRequest: Sendable, Hashable {
  public var element: HalfType
  public var batch: Int
  public var queryHeads: Int
  public var keyValueHeads: Int
  public var queryLength: Int
  public var keyLength: Int
  public var headDimension: Int
  public var valueDimension: Int
  public var band: ForwardKernel.Band
  public var isCapped: Bool
  public var bias: ForwardKernel.BiasType?
  public var isMasked: Bool
  /// Whether products are multiplied by a number above zero.
  public var hasPositiveScale: Bool
  public var layout: RowLayout

  /// How the rows of queries, keys, values and output lie in memory, all of them taken together.
  public struct RowLayout: Sendable, Hashable {
    public var access: ForwardKernel.RowAccess
    /// Whether bulk copies can take all operands: no axis of more than one element has a stride that is zero, negative
    /// or no multiple of 16 bytes.
    public var isMappable: Bool

    public init(access: ForwardKernel.RowAccess, isMappable: Bool) {
      self.access = access
      self.isMappable = isMappable
    }

    /// Rows one after the other, as a tensor of its own has them.
    public static func dense(headDimension: Int, valueDimension: Int) -> RowLayout {
      let bytes = [16, 8, 4].first { headDimension * 2 % $0 == 0 && valueDimension * 2 % $0 == 0 }
      return RowLayout(access: bytes.map { .chunks(bytes: $0) } ?? .elements, isMappable: bytes == 16)
    }
  }

  public init(
    element: HalfType, batch: Int, queryHeads: Int, keyValueHeads: Int, queryLength: Int, keyLength: Int,
    headDimension: Int, valueDimension: Int, band: ForwardKernel.Band = .full, isCapped: Bool = false,
    bias: ForwardKernel.BiasType? = nil, isMasked: Bool = false, hasPositiveScale: Bool = true, layout: RowLayout? = nil
  ) {
    self.element = element
    self.batch = batch
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.queryLength = queryLength
    self.keyLength = keyLength
    self.headDimension = headDimension
    self.valueDimension = valueDimension
    self.band = band
    self.isCapped = isCapped
    self.bias = bias
    self.isMasked = isMasked
    self.hasPositiveScale = hasPositiveScale
    self.layout = layout ?? .dense(headDimension: headDimension, valueDimension: valueDimension)
  }

  /// Hq / Hkv.
  var headsPerGroup: Int { keyValueHeads == 0 ? 1 : max(queryHeads / keyValueHeads, 1) }
}
