import CUDADriver

/// An additive bias of the scores in device memory, of any of the three element types, broadcastable to [B, Hq, Sq,
/// Sk].
///
/// A bias of −∞ forbids its position as a mask does.
public struct CUDAAttentionBias: Sendable {
  /// The size of each axis, as given.
  public let shape: [Int]
  /// The type of the elements.
  public let elementType: AttentionElementType

  let operand: CUDAOperand
  let context: CUDAContext
  private let owner: (any AnyObject & Sendable)?

  /// A bias of a tensor's elements.
  public init<Element: AttentionElement>(_ tensor: CUDATensor<Element>) {
    shape = tensor.shape
    elementType = Element.attentionElementType
    operand = tensor.broadcastOperand
    context = tensor.context
    owner = tensor.owner
  }
}

extension CUDATensor {
  /// The tensor as an operand of four axes.
  var operand: CUDAOperand {
    CUDAOperand(
      pointer: pointer,
      strides: CUDAStrides(batch: strides[0], head: strides[1], row: strides[2], column: strides[3]))
  }

  /// The tensor as an operand that is repeated to the axes of the scores.
  var broadcastOperand: CUDAOperand {
    CUDAOperand(pointer: pointer, strides: CUDAStrides(broadcasting: shape, strides))
  }
}
