import FlashAttention

/// The tensors of an input file, read and of the types that attention takes; their shapes are still unchecked.
struct AttendInput<Element: AttentionElement> {
  let path: String
  let query: TensorView<Element>
  let key: TensorView<Element>
  let value: TensorView<Element>
  let mask: TensorView<Bool>?
  let bias: AttentionBias?
  /// Nil where no gradients are wanted.
  let outputGradient: TensorView<Element>?

  init(_ file: SafetensorsFile, wantsGradients: Bool) throws {
    path = file.path
    query = try file.tensor("query", as: Element.self)
    key = try file.required("key", as: Element.self, shape: "[B, Hkv, Sk, D]")
    value = try file.required("value", as: Element.self, shape: "[B, Hkv, Sk, Dv]")
    mask = try file.attentionMask()
    bias = try file.attentionBias()
    outputGradient =
      wantsGradients
      ? try file.required("output_gradient", as: Element.self, shape: "[B, Hq, Sq, Dv], because of --gradients") : nil
  }
}

extension SafetensorsFile {
  /// The element type of the query, which all other tensors but mask and bias share.
  func attentionElementType() throws -> AttentionElementType {
    try require("query", shape: "[B, Hq, Sq, D]")
    return try floatingPointType("query")
  }

  fileprivate func required<Element>(
    _ name: String, as type: Element.Type, shape: String
  ) throws -> TensorView<Element> {
    try require(name, shape: shape)
    return try tensor(name, as: type)
  }

  private func require(_ name: String, shape: String) throws {
    guard contains(name) else {
      throw AttentionError.invalidArgument(
        "tensor \"\(name)\" of \(path)", was: "missing", expected: "one of the shape \(shape)")
    }
  }

  private func floatingPointType(_ name: String) throws -> AttentionElementType {
    let entry = try entry(name)
    switch entry.elementType {
    case .float32: return .float32
    case .float16: return .float16
    case .bfloat16: return .bfloat16
    default: throw unfit(entry, expected: "F32, F16 or BF16")
    }
  }

  private func unfit(_ entry: Entry, expected: String) -> AttentionError {
    .invalidArgument(
      "element type of the tensor \"\(entry.name)\" of \(path)", was: entry.typeName, expected: expected)
  }

  fileprivate func attentionMask() throws -> TensorView<Bool>? {
    guard contains("mask") else { return nil }
    let entry = try entry("mask")
    switch entry.elementType {
    case .bool: return try tensor("mask", as: Bool.self)
    case .uint8: return Tensor<Bool>(mapping: try tensor("mask", as: UInt8.self)) { $0 != 0 }.view
    default: throw unfit(entry, expected: "BOOL or U8")
    }
  }

  fileprivate func attentionBias() throws -> AttentionBias? {
    guard contains("bias") else { return nil }
    switch try floatingPointType("bias") {
    case .float32: return AttentionBias(try tensor("bias", as: Float.self))
    case .float16: return AttentionBias(try tensor("bias", as: Float16.self))
    case .bfloat16: return AttentionBias(try tensor("bias", as: BFloat16.self))
    }
  }
}
