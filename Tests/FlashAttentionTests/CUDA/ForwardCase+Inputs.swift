import CUDAKernels
import FlashAttention
import PTX
import ReferenceAttention
import SimulatedAttention

extension ForwardCase {
  /// The case of a call on 16-bit elements.
  init<Element: AttentionElement>(_ inputs: AttentionInputs<Element>, layout: Layout = .dense) throws {
    let posed = inputs.attentionCase
    let shape = posed.shape
    let mask = posed.mask
    let request = ForwardRequest(
      element: Element.attentionElementType == .float16 ? .float16 : .bfloat16, batch: shape.batch,
      queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads, queryLength: shape.queryLength,
      keyLength: shape.keyLength, headDimension: shape.headDimension, valueDimension: shape.valueDimension,
      band: mask.left != nil ? .both : mask.right != nil ? .upper : .full, isCapped: posed.softcap != nil,
      bias: posed.bias.flatMap { ForwardKernel.BiasType(rawValue: $0.element.rawValue) },
      isMasked: posed.booleanMask != nil, hasPositiveScale: posed.scale.map { $0 > 0 } ?? true)
    self.init(
      request: request, scale: posed.scale ?? 1 / Float(shape.headDimension).squareRoot(),
      queries: inputs.queries.bits16, keys: inputs.keys.bits16, values: inputs.values.bits16)
    softcap = posed.softcap
    diagonal = mask.alignment == .topLeft ? 0 : shape.keyLength - shape.queryLength
    left = mask.left
    right = mask.right
    self.layout = layout
    if let mask = inputs.booleanMask {
      self.mask = (mask.scalars.map { $0 ? 1 : 0 }, Self.strides(of: mask.shape))
    }
    if let form = posed.bias, let exact = inputs.exactBias {
      let elements: BiasElements =
        switch form.element {
        case .float32: .float32(exact.scalars.map { Float($0) })
        case .float16: .half(exact.scalars.map { Float16($0).bitPattern })
        case .bfloat16: .half(exact.scalars.map { UInt16(truncatingIfNeeded: Float($0).bitPattern >> 16) })
        }
      bias = (elements, Self.strides(of: exact.shape))
    }
  }

  /// The strides of a dense tensor that broadcasts to four axes.
  private static func strides(of shape: [Int]) -> [Int] {
    var stride = 1
    var strides: [Int] = []
    for size in shape.reversed() {
      strides.insert(size == 1 ? 0 : stride, at: 0)
      stride *= size
    }
    return [Int](repeating: 0, count: 4 - shape.count) + strides
  }
}

extension TensorView where Element: AttentionElement {
  /// The bits of 16-bit elements in row-major order.
  var bits16: [UInt16] { unsafeBitCast(scalars, to: [UInt16].self) }
}
