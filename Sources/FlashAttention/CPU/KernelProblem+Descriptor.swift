import KernelIntrinsics

extension AttentionElementType {
  /// The raw value of the kernels' `StoredElement`.
  var kernelElement: Int32 {
    switch self {
    case .float32: 0
    case .float16: 1
    case .bfloat16: 2
    }
  }
}

extension KernelOperand {
  /// No operand.
  static var absent: KernelOperand { KernelOperand() }

  /// A four-dimensional view; valid as long as the view is kept alive.
  init<Element: AttentionElement>(_ view: TensorView<Element>) {
    self.init(
      base: UnsafeMutableRawPointer(mutating: view.unsafeBaseAddress),
      element: Element.attentionElementType.kernelElement, batchStride: view.strides[0], headStride: view.strides[1],
      rowStride: view.strides[2], columnStride: view.strides[3])
  }

  /// A boolean mask; valid as long as the view is kept alive.
  init(mask view: TensorView<Bool>) {
    self.init(
      base: UnsafeMutableRawPointer(mutating: view.unsafeBaseAddress), element: 3, batchStride: view.strides[0],
      headStride: view.strides[1], rowStride: view.strides[2], columnStride: view.strides[3])
  }

  /// A dense tensor that is being written.
  init<Element: AttentionElement>(dense base: UnsafeMutablePointer<Element>, shape: [Int]) {
    self.init(
      base: UnsafeMutableRawPointer(base), element: Element.attentionElementType.kernelElement,
      batchStride: shape[1] * shape[2] * shape[3], headStride: shape[2] * shape[3], rowStride: shape[3],
      columnStride: 1)
  }

  /// A dense fp32 tensor of up to four axes that stands for `scores` by broadcasting: repeated axes get the stride 0.
  init(broadcasting base: UnsafeMutablePointer<Float>, shape: [Int]) {
    var strides = [0, 0, 0, 0]
    var stride = 1
    for (offset, size) in shape.reversed().enumerated() {
      strides[3 - offset] = size == 1 ? 0 : stride
      stride *= size
    }
    self.init(
      base: UnsafeMutableRawPointer(base), element: 0, batchStride: strides[0], headStride: strides[1],
      rowStride: strides[2], columnStride: strides[3])
  }
}

extension KernelProblem {
  /// The problem that a plan poses, without operands.
  init(_ plan: AttentionPlan) {
    let descriptor = plan.descriptor
    let shape = descriptor.shape
    // Bounds far beyond any position, so that adding positions to them cannot overflow.
    let unbounded = 1 << 60
    self.init()
    batch = shape.batch
    queryHeads = shape.queryHeads
    keyValueHeads = shape.keyValueHeads
    queryLength = shape.queryLength
    keyLength = shape.keyLength
    headDimension = shape.headDimension
    valueDimension = shape.valueDimension
    scale = descriptor.scale
    softcap = descriptor.softcap ?? 0
    diagonal = descriptor.mask.diagonal(queryLength: shape.queryLength, keyLength: shape.keyLength)
    left = min(descriptor.mask.left ?? unbounded, unbounded)
    right = min(descriptor.mask.right ?? unbounded, unbounded)
    queryBlock = plan.tiles.queryBlock
    keyBlock = plan.tiles.keyBlock
    queryGradientStride = plan.queryGradientStride
  }
}

extension AttentionPlan {
  var kernels: KernelSet { .kernels(for: instructionSet) }

  /// The row stride of the fp32 sums of dQ.
  var queryGradientStride: Int { kernels.queryGradientStride(descriptor.shape.headDimension) }

  /// The row stride of partial rows.
  var partialRowStride: Int { kernels.partialRowStride(descriptor.shape.valueDimension) }

  /// Whether dQ is summed in memory of its own: fp32 rows of whole vectors are summed where they end up.
  var keepsQueryGradientSums: Bool {
    descriptor.elementType != .float32 || queryGradientStride != descriptor.shape.headDimension
  }

  /// The scratch memory of one thread, in bytes.
  var workspaceBytes: Int {
    var problem = KernelProblem(self)
    // The kernels only ask whether the operands are there.
    let present = UnsafeMutableRawPointer(bitPattern: 64)
    if descriptor.hasBooleanMask { problem.mask.base = present }
    if descriptor.biasType != nil {
      problem.bias.base = present
      problem.biasGradient.base = present
    }
    return direction == .forward ? kernels.forwardWorkspaceSize(&problem) : kernels.backwardWorkspaceSize(&problem)
  }
}
