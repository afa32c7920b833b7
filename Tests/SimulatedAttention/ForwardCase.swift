import CUDAKernels

/// A call of attention on dense 16-bit tensors, with its data: what a kernel of the forward pass is tried on.
public struct ForwardCase: Sendable {
  public var request: ForwardRequest
  public var scale: Float
  public var softcap: Float?
  /// The key position of query 0, and the bounds of the band around it.
  public var diagonal: Int
  public var left: Int?
  public var right: Int?
  /// The bits of the elements, [B, H, S, D].
  public var queries: [UInt16]
  public var keys: [UInt16]
  public var values: [UInt16]
  /// [B, Hq, Sq, Sk] in elements, with strides of zero where it is repeated; 0 forbids.
  public var mask: (elements: [UInt8], strides: [Int])?
  /// The bits of the bias's elements.
  public var bias: (elements: BiasElements, strides: [Int])?
  /// How rows of queries, keys, values and output lie in memory.
  public var layout = Layout.dense

  public enum BiasElements: Sendable {
    case float32([Float])
    /// fp16 or bf16, as the request says.
    case half([UInt16])
  }

  public enum Layout: Sendable, CaseIterable {
    /// [B, H, S, D], rows one after the other.
    case dense
    /// [B, S, H, D].
    case headsWithinRows
    /// Rows with as many elements between them as make the alignment the worst, and elements two apart.
    case scattered
  }

  public init(request: ForwardRequest, scale: Float, queries: [UInt16], keys: [UInt16], values: [UInt16]) {
    self.request = request
    self.scale = scale
    softcap = nil
    diagonal = 0
    self.queries = queries
    self.keys = keys
    self.values = values
  }
}
