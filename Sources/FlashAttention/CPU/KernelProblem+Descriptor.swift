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
      rowStride: view.strides[2], columnStride: view.strides[3], rowsEnd: 0)
    if hasRowsBehindHeads(view.shape) { rowsEnd = end(of: view.shape) }
  }

  // Products wrap, because where one axis is empty the others may have any length.

  /// Whether what lies behind the rows of a head is the next head, or the same head of the next entry of the batch.
  private func hasRowsBehindHeads(_ shape: [Int]) -> Bool {
    let headEnd = shape[2] &* rowStride
    let isNextHead = headStride == headEnd && batchStride == shape[1] &* headStride
    let isNextEntry = batchStride == headEnd && headStride >= 0 && shape[1] &* headStride <= rowStride
    return rowStride > 0 && (isNextHead || isNextEntry)
  }

  /// Behind the last element, from the base. Written out, because nothing may be allocated here.
  private func end(of shape: [Int]) -> Int {
    (shape[0] - 1) &* batchStride &+ (shape[1] - 1) &* headStride &+ (shape[2] - 1) &* rowStride
      &+ (shape[3] - 1) &* columnStride &+ 1
  }

  /// A dense tensor that is being written.
  init<Element: AttentionElement>(dense base: UnsafeMutablePointer<Element>, _ axes: Axes) {
    self.init(
      base: UnsafeMutableRawPointer(base), element: Element.attentionElementType.kernelElement,
      batchStride: axes.heads * axes.rows * axes.columns, headStride: axes.rows * axes.columns,
      rowStride: axes.columns, columnStride: 1, rowsEnd: 0)
  }

  /// A boolean mask that is repeated to the axes of the scores; valid as long as the view is kept alive.
  init(mask view: TensorView<Bool>) {
    self.init(
      broadcasting: UnsafeMutableRawPointer(mutating: view.unsafeBaseAddress), element: 3, view.shape, view.strides)
  }

  /// A bias that is repeated to the axes of the scores; valid as long as the view is kept alive.
  init<Element: AttentionElement>(bias view: TensorView<Element>) {
    self.init(
      broadcasting: UnsafeMutableRawPointer(mutating: view.unsafeBaseAddress),
      element: Element.attentionElementType.kernelElement, view.shape, view.strides)
  }

  /// The gradient of a bias that is being written: each element is the sum over what the bias was repeated to.
  init(biasGradient base: UnsafeMutablePointer<Float>, _ shape: [Int], _ strides: [Int]) {
    self.init(
      broadcasting: UnsafeMutableRawPointer(base), element: AttentionElementType.float32.kernelElement, shape, strides)
  }

  /// An operand of up to four axes, aligned at the end. Axes that are repeated get the stride 0.
  private init(broadcasting base: UnsafeMutableRawPointer, element: Int32, _ shape: [Int], _ strides: [Int]) {
    func stride(_ fromEnd: Int) -> Int {
      let axis = shape.count - fromEnd
      return axis < 0 || shape[axis] == 1 ? 0 : strides[axis]
    }
    self.init(
      base: base, element: element, batchStride: stride(4), headStride: stride(3), rowStride: stride(2),
      columnStride: stride(1), rowsEnd: 0)
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
    keysPerVisit = plan.tiles.keysPerVisit
    matrixUnitParts = plan.instructionSet.matrixUnitParts(descriptor, plan.processorBackend, plan.direction)
    queryGradientStride = plan.queryGradientStride
    fetchesIntoLevel1 = plan.processor.fetchesIntoLevel1
  }
}

extension AttentionPlan {
  var kernels: KernelSet { .kernels(for: instructionSet) }

  // What the kernels lay out in memory is computed here and not asked of them: a plan may be for a machine with another
  // instruction set, and none of the code of a kernel module may run where its instruction set does not.

  /// The fp32 lanes of a vector.
  private var lanes: Int { Self.laneGroupWidth(instructionSet) / 3 }

  private func wholeVectors(_ columns: Int) -> Int { (columns + lanes - 1) / lanes * lanes }

  /// The row stride of the fp32 sums of dQ: whole vectors.
  var queryGradientStride: Int { wholeVectors(descriptor.shape.headDimension) }

  /// The row stride of partial rows: whole vectors, and one for the state of the softmax.
  var partialRowStride: Int { wholeVectors(descriptor.shape.valueDimension) + lanes }

  /// Whether dQ is summed in memory of its own: fp32 rows of whole vectors are summed where they end up.
  var keepsQueryGradientSums: Bool {
    descriptor.elementType != .float32 || queryGradientStride != descriptor.shape.headDimension
  }

  /// The scratch memory of one thread, in bytes.
  var workspaceBytes: Int {
    var problem = KernelProblem(self)
    problem.query.element = descriptor.elementType.kernelElement
    // Of the others the kernels only ask whether they are there.
    let present = UnsafeMutableRawPointer(bitPattern: 64)
    if descriptor.hasBooleanMask { problem.mask.base = present }
    if descriptor.biasType != nil {
      problem.bias.base = present
      problem.biasGradient.base = present
    }
    return KernelSet.workspaceSize(direction, &problem, lanes: lanes)
  }
}
