import CUDADriver

/// The distances of neighbours along the four axes of an operand in device memory, in elements.
///
/// A stride of 0 repeats an input along its axis; a negative one reverses it.
public struct CUDAStrides: Sendable, Hashable {
  public var batch: Int
  public var head: Int
  public var row: Int
  public var column: Int

  public init(batch: Int, head: Int, row: Int, column: Int = 1) {
    self.batch = batch
    self.head = head
    self.row = row
    self.column = column
  }

  /// Those of a dense tensor in the order of its axes.
  init(dense axes: Axes) {
    self.init(batch: axes.heads * axes.rows * axes.columns, head: axes.rows * axes.columns, row: axes.columns)
  }

  /// Those of a tensor of up to four axes, aligned at the end; axes that are repeated get the stride 0.
  init(broadcasting shape: [Int], _ strides: [Int]) {
    func stride(_ fromEnd: Int) -> Int {
      let axis = shape.count - fromEnd
      return axis < 0 || shape[axis] == 1 ? 0 : strides[axis]
    }
    self.init(batch: stride(4), head: stride(3), row: stride(2), column: stride(1))
  }
}

/// An operand in device memory, where another library or a ``CUDATensor`` has it.
public struct CUDAOperand: Sendable, Hashable {
  /// The first element.
  public var pointer: DevicePointer
  /// The distances of neighbours, in elements.
  public var strides: CUDAStrides

  public init(pointer: DevicePointer, strides: CUDAStrides) {
    self.pointer = pointer
    self.strides = strides
  }
}

/// Where the operands of a call lie in device memory. Whoever passes them vouches for their sizes.
public struct CUDAOperands: Sendable, Hashable {
  /// Q, [B, Hq, Sq, D].
  public var queries: CUDAOperand
  /// K, [B, Hkv, Sk, D].
  public var keys: CUDAOperand
  /// V, [B, Hkv, Sk, Dv].
  public var values: CUDAOperand
  /// Where O goes, [B, Hq, Sq, Dv]; its strides are not 0.
  public var output: CUDAOperand
  /// Where LSE goes: fp32, dense, [B, Hq, Sq].
  public var logSumExp: DevicePointer
  /// A mask of [B, Hq, Sq, Sk], a byte an element, 0 where a key is forbidden; strides of 0 repeat it.
  public var booleanMask: CUDAOperand?
  /// A bias of [B, Hq, Sq, Sk] of the descriptor's type; strides of 0 repeat it.
  public var bias: CUDAOperand?

  public init(
    queries: CUDAOperand, keys: CUDAOperand, values: CUDAOperand, output: CUDAOperand, logSumExp: DevicePointer,
    booleanMask: CUDAOperand? = nil, bias: CUDAOperand? = nil
  ) {
    self.queries = queries
    self.keys = keys
    self.values = values
    self.output = output
    self.logSumExp = logSumExp
    self.booleanMask = booleanMask
    self.bias = bias
  }
}

extension CUDAOperands {
  /// Whether only addresses differ.
  func hasStrides(of other: CUDAOperands) -> Bool {
    queries.strides == other.queries.strides && keys.strides == other.keys.strides
      && values.strides == other.values.strides && output.strides == other.output.strides
      && booleanMask?.strides == other.booleanMask?.strides && bias?.strides == other.bias?.strides
  }

  /// Dense operands of a call, all at one address that is aligned like an allocation: what a plan assumes that is told
  /// nothing of operands. Nothing is read or written there.
  static func dense(_ descriptor: AttentionDescriptor) -> CUDAOperands {
    let shape = descriptor.shape
    let pointer = DevicePointer(rawValue: 256)
    let repeated = CUDAOperand(pointer: pointer, strides: CUDAStrides(batch: 0, head: 0, row: 0, column: 0))
    func dense(_ axes: Axes) -> CUDAOperand { CUDAOperand(pointer: pointer, strides: CUDAStrides(dense: axes)) }
    return CUDAOperands(
      queries: dense(shape.queryAxes), keys: dense(shape.keyAxes), values: dense(shape.valueAxes),
      output: dense(shape.outputAxes), logSumExp: pointer,
      booleanMask: descriptor.hasBooleanMask ? repeated : nil, bias: descriptor.biasType == nil ? nil : repeated)
  }
}
