import CUDAKernels
import PTX

extension HalfType {
  /// The 16-bit type of that name, or nil for fp32.
  init?(_ type: AttentionElementType) {
    switch type {
    case .float32: return nil
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    }
  }
}

extension ForwardKernel.BiasType {
  init(_ type: AttentionElementType) {
    switch type {
    case .float32: self = .float32
    case .float16: self = .float16
    case .bfloat16: self = .bfloat16
    }
  }
}

extension ForwardKernel.Band {
  init(_ mask: AttentionMask) {
    self = mask.left != nil ? .both : mask.right != nil ? .upper : .full
  }
}

extension ForwardRequest {
  /// What a descriptor asks of a device.
  init(_ descriptor: AttentionDescriptor, element: HalfType, layout: RowLayout) {
    let shape = descriptor.shape
    self.init(
      element: element, batch: shape.batch, queryHeads: shape.queryHeads, keyValueHeads: shape.keyValueHeads,
      queryLength: shape.queryLength, keyLength: shape.keyLength, headDimension: shape.headDimension,
      valueDimension: shape.valueDimension, band: ForwardKernel.Band(descriptor.mask),
      isCapped: descriptor.softcap != nil, bias: descriptor.biasType.map(ForwardKernel.BiasType.init),
      isMasked: descriptor.hasBooleanMask, hasPositiveScale: descriptor.scale > 0, layout: layout)
  }
}
