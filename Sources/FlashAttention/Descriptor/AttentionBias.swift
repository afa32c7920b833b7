/// An additive bias of the scores, of any of the three element types, broadcastable to [B, Hq, Sq, Sk].
///
/// A bias of −∞ forbids its position as a mask does.
public struct AttentionBias: Sendable {
  enum Storage: Sendable {
    case float32(TensorView<Float>)
    case float16(TensorView<Float16>)
    case bfloat16(TensorView<BFloat16>)
  }

  let storage: Storage

  /// A bias of fp32 elements.
  public init(_ tensor: some StridedTensor<Float>) { storage = .float32(tensor.view) }

  /// A bias of fp16 elements.
  public init(_ tensor: some StridedTensor<Float16>) { storage = .float16(tensor.view) }

  /// A bias of bf16 elements.
  public init(_ tensor: some StridedTensor<BFloat16>) { storage = .bfloat16(tensor.view) }

  /// The size of each axis, as given.
  public var shape: [Int] {
    switch storage {
    case .float32(let view): view.shape
    case .float16(let view): view.shape
    case .bfloat16(let view): view.shape
    }
  }

  /// The type of the elements.
  public var elementType: AttentionElementType {
    switch storage {
    case .float32: .float32
    case .float16: .float16
    case .bfloat16: .bfloat16
    }
  }
}
