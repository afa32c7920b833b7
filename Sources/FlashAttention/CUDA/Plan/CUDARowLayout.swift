import CUDAKernels

/// How the rows of queries, keys, values and output lie in device memory, all of them taken together, as far as the
/// choice of a kernel depends on it.
public struct CUDARowLayout: Sendable, Hashable {
  /// How many bytes are copied at once.
  public enum Access: Int, Sendable, Hashable, Comparable {
    /// The elements of a row have a stride, or rows begin anywhere: single elements.
    case elements = 2
    case bytes4 = 4
    case bytes8 = 8
    case bytes16 = 16

    public static func < (left: Access, right: Access) -> Bool { left.rawValue < right.rawValue }
  }

  /// An operand, in the order in which they are looked at.
  public enum Operand: String, Sendable, Hashable {
    case queries, keys, values, output
  }

  /// Why bulk copies of tiles cannot take an operand.
  public enum MapRefusal: Sendable, Hashable, CustomStringConvertible {
    /// The elements of a row are not neighbours.
    case stridedElements(Operand)
    /// Its first element or one of its rows is not at a multiple of 16 bytes.
    case unaligned(Operand)
    /// It is repeated along an axis, reversed along one, or an axis reaches over 2⁴⁰ bytes.
    case stride(Operand)

    public var description: String {
      switch self {
      case .stridedElements(let operand): "the elements of the rows of \(operand.rawValue) are not neighbours"
      case .unaligned(let operand): "the rows of \(operand.rawValue) do not lie at multiples of 16 bytes"
      case .stride(let operand): "\(operand.rawValue): a stride is 0, negative or beyond 2^40 bytes"
      }
    }
  }

  /// How many bytes of a row are copied at once.
  public private(set) var access = Access.bytes16
  /// Why bulk copies of tiles cannot take the operands; nil where they can.
  public private(set) var mapRefusal: MapRefusal?

  /// The layout of dense tensors.
  public init(dense descriptor: AttentionDescriptor) {
    self.init(CUDAOperands.dense(descriptor), descriptor.shape)
  }

  /// The layout of the operands of a problem of a shape, whose elements have 16 bits.
  public init(_ operands: CUDAOperands, _ shape: AttentionShape) {
    add(.queries, operands.queries, shape.queryAxes)
    add(.keys, operands.keys, shape.keyAxes)
    add(.values, operands.values, shape.valueAxes)
    add(.output, operands.output, shape.outputAxes)
  }

  /// The layout of tensors of 16-bit elements with four axes each, for a plan that is made before the call.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the first tensor that does not fit.
  public init<Element: AttentionElement>(
    queries: CUDATensor<Element>, keys: CUDATensor<Element>, values: CUDATensor<Element>, output: CUDATensor<Element>
  ) throws {
    let shape = try AttentionShape(queries: queries.shape, keys: keys.shape, values: values.shape)
    try requireAxes("output", output.shape, shape.outputAxes, "[B, Hq, Sq, Dv]")
    self.init(
      CUDAOperands(
        queries: queries.operand, keys: keys.operand, values: values.operand, output: output.operand,
        logSumExp: output.pointer), shape)
  }

  /// Whether a kernel for this layout takes operands of another one.
  func serves(_ other: CUDARowLayout, withMaps: Bool) -> Bool {
    access <= other.access && !(withMaps && other.mapRefusal != nil)
  }

  private mutating func add(_ name: Operand, _ operand: CUDAOperand, _ axes: Axes) {
    // What has no elements is never read.
    if axes.batch == 0 || axes.heads == 0 || axes.rows == 0 { return }
    if axes.columns > 1 && operand.strides.column != 1 {
      access = .elements
      refuse(.stridedElements(name))
      return
    }
    let strides = operand.strides
    var address = operand.pointer.rawValue
    if axes.batch > 1 { address |= UInt64(bitPattern: Int64(strides.batch)) &* 2 }
    if axes.heads > 1 { address |= UInt64(bitPattern: Int64(strides.head)) &* 2 }
    if axes.rows > 1 { address |= UInt64(bitPattern: Int64(strides.row)) &* 2 }
    let found: Access =
      address % 16 == 0 ? .bytes16 : address % 8 == 0 ? .bytes8 : address % 4 == 0 ? .bytes4 : .elements
    access = min(access, found)
    if found < .bytes16 { refuse(.unaligned(name)) }
    func reaches(_ stride: Int, _ size: Int) -> Bool { size <= 1 || (stride > 0 && stride < (1 << 39) / size) }
    if !(reaches(strides.batch, axes.batch) && reaches(strides.head, axes.heads) && reaches(strides.row, axes.rows)) {
      refuse(.stride(name))
    }
  }

  private mutating func refuse(_ reason: MapRefusal) {
    if mapRefusal == nil { mapRefusal = reason }
  }
}

extension ForwardRequest.RowLayout {
  init(_ layout: CUDARowLayout, allowsMaps: Bool) {
    self.init(
      access: layout.access == .elements ? .elements : .chunks(bytes: layout.access.rawValue),
      isMappable: allowsMaps && layout.mapRefusal == nil)
  }
}
