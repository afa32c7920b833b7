import CUDADriver
import CUDAKernels

extension KernelArgument {
  /// A parameter of a launch, with maps encoded for a device.
  init(_ argument: LaunchArgument, in context: CUDAContext) throws(AttentionError) {
    switch argument {
    case .word64(let bits): self = .uint64(bits)
    case .word32(let bits): self = .uint32(bits)
    case .map(let map): self = .tensorMap(try TensorMap(TensorMapDescription(map), in: context))
    }
  }
}

extension TensorMapDescription {
  fileprivate init(_ map: TileMap) {
    let element: Element
    switch map.element {
    case .float16: element = .float16
    case .bfloat16: element = .bfloat16
    }
    let swizzle: Swizzle
    switch map.swizzle {
    case .none: swizzle = .none
    case .bytes32: swizzle = .bytes32
    case .bytes64: swizzle = .bytes64
    case .bytes128: swizzle = .bytes128
    }
    // With two lines at a time, reading a cache of keys and values loses 5 % of the bandwidth.
    self.init(
      element: element, address: DevicePointer(rawValue: map.address), sizes: map.sizes, strides: map.strides,
      box: map.box, swizzle: swizzle, promotion: .bytes128)
  }
}
