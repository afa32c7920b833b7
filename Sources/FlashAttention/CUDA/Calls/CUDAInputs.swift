import CUDADriver

/// The inputs of a call on a device, checked against what the descriptor says about them.
struct CUDAInputs<Element: AttentionElement> {
  let queries: CUDATensor<Element>
  let keys: CUDATensor<Element>
  let values: CUDATensor<Element>
  let booleanMask: CUDATensor<Bool>?
  let bias: CUDAAttentionBias?

  /// Throws where a shape, a type or a device does not fit, and names the argument.
  func check(_ descriptor: AttentionDescriptor, on stream: CUDAStream) throws {
    try OperandShapes(
      elementType: Element.attentionElementType, queries: queries.shape, keys: keys.shape, values: values.shape,
      booleanMask: booleanMask?.shape, bias: bias.map { ($0.shape, $0.elementType) }
    ).check(descriptor)
    func require(_ argument: String, _ context: CUDAContext) throws(AttentionError) {
      guard context === stream.context else {
        throw .invalidArgument(
          argument, was: "in the memory of \(context.device)",
          expected: "in the memory of \(stream.context.device), as the stream")
      }
    }
    try require("queries", queries.context)
    try require("keys", keys.context)
    try require("values", values.context)
    if let booleanMask { try require("booleanMask", booleanMask.context) }
    if let bias { try require("bias", bias.context) }
  }

  /// Throws where the tensors for the result are not those of the call.
  func check(
    _ result: CUDAAttentionResult<Element>, _ descriptor: AttentionDescriptor, on stream: CUDAStream
  ) throws {
    let shape = descriptor.shape
    try requireAxes("result.output", result.output.shape, shape.outputAxes, "[B, Hq, Sq, Dv]")
    guard shape.rowsMatch(result.logSumExp.shape) else {
      throw AttentionError.unexpectedShape("result.logSumExp", result.logSumExp.shape, shape.rows, "[B, Hq, Sq]")
    }
    guard result.logSumExp.strides == Shape.rowMajorStrides(shape.rows) else {
      throw AttentionError.invalidArgument(
        "result.logSumExp", was: "strides \(result.logSumExp.strides)", expected: "a dense tensor")
    }
    try result.output.requireContext("result.output", of: stream)
    try result.logSumExp.requireContext("result.logSumExp", of: stream)
  }

  /// Where inputs and result lie.
  func operands(_ result: CUDAAttentionResult<Element>) -> CUDAOperands {
    CUDAOperands(
      queries: queries.operand, keys: keys.operand, values: values.operand, output: result.output.operand,
      logSumExp: result.logSumExp.pointer, booleanMask: booleanMask?.broadcastOperand, bias: bias?.operand)
  }
}
