/// An element type that attention is computed in: `Float`, `Float16` or `BFloat16`.
///
/// Sums and the state of the softmax are fp32 for all three.
public protocol AttentionElement: TensorElement, BinaryFloatingPoint {
  /// The type's name in descriptors and plans.
  static var attentionElementType: AttentionElementType { get }
}

/// The name of an ``AttentionElement``.
///
/// The raw value is the name that the command-line tool uses.
public enum AttentionElementType: String, Sendable, Hashable, CaseIterable {
  case float32 = "f32"
  case float16 = "f16"
  case bfloat16 = "bf16"

  /// The size of one element in bytes.
  public var byteCount: Int { self == .float32 ? 4 : 2 }
}

extension Float: AttentionElement {
  public static var attentionElementType: AttentionElementType { .float32 }
}

extension Float16: AttentionElement {
  public static var attentionElementType: AttentionElementType { .float16 }
}

extension BFloat16: AttentionElement {
  public static var attentionElementType: AttentionElementType { .bfloat16 }
}
