import CUDADriver

/// Exact attention on tensors in the memory of a CUDA device, computed there: softmax(scale · Q Kᵀ) V.
///
/// The call means what ``scaledDotProductAttention(queries:keys:values:scale:mask:booleanMask:bias:softcap:options:)``
/// means. It queues its work on the stream and returns; the result is there when the stream gets there. Nothing is
/// copied to or from the machine's memory. The first call of its kind on a device assembles a kernel, which takes about
/// a second.
///
/// - Parameters:
///   - queries: Q, [B, Hq, Sq, D], with any strides.
///   - keys: K, [B, Hkv, Sk, D], with any strides.
///   - values: V, [B, Hkv, Sk, Dv], with any strides.
///   - scale: The factor of Q Kᵀ; nil for 1/√D.
///   - mask: Which positions see which by their place: full, causal, or a window.
///   - booleanMask: A mask that broadcasts to [B, Hq, Sq, Sk], true where a key may be attended to.
///   - bias: A bias that broadcasts to [B, Hq, Sq, Sk], added to the scores after the cap.
///   - softcap: The cap c of S ← c · tanh(S / c); nil for none.
///   - stream: The stream to queue the work on, of the device whose memory the tensors are in.
/// - Returns: The output and the log-sum-exp of every row, in memory of the stream.
/// - Throws: ``AttentionError`` that names the argument that does not fit, or says why the device cannot serve the
///   call.
public func scaledDotProductAttention<Element: AttentionElement>(
  queries: CUDATensor<Element>,
  keys: CUDATensor<Element>,
  values: CUDATensor<Element>,
  scale: Float? = nil,
  mask: AttentionMask = .full,
  booleanMask: CUDATensor<Bool>? = nil,
  bias: CUDAAttentionBias? = nil,
  softcap: Float? = nil,
  on stream: CUDAStream
) throws -> CUDAAttentionResult<Element> {
  let descriptor = try AttentionDescriptor(
    shape: AttentionShape(queries: queries.shape, keys: keys.shape, values: values.shape),
    elementType: Element.attentionElementType, scale: scale, softcap: softcap, mask: mask,
    hasBooleanMask: booleanMask != nil, biasType: bias?.elementType)
  let inputs = CUDAInputs(queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
  return try inputs.attend(descriptor, on: stream)
}

extension CUDAInputs {
  /// Queues a call, with tensors of its own for the result.
  func attend(_ descriptor: AttentionDescriptor, on stream: CUDAStream) throws -> CUDAAttentionResult<Element> {
    try check(descriptor, on: stream)
    // Before anything is allocated.
    try CUDAAttentionPlan.check(descriptor, .forward)
    let result = CUDAAttentionResult<Element>(
      output: try CUDATensor(unwritten: descriptor.shape.output, on: stream),
      logSumExp: try CUDATensor(unwritten: descriptor.shape.rows, on: stream))
    try CUDAAttention.enqueue(descriptor, operands(result), on: stream)
    return result
  }
}

extension PreparedCUDAAttention {
  /// Queues the call on tensors, and has their addresses looked at as ``enqueue(_:)`` does.
  ///
  /// - Parameters:
  ///   - queries: Q, [B, Hq, Sq, D].
  ///   - keys: K, [B, Hkv, Sk, D].
  ///   - values: V, [B, Hkv, Sk, Dv].
  ///   - booleanMask: A mask that broadcasts to [B, Hq, Sq, Sk], where the descriptor has one; nil where it has none.
  ///   - bias: A bias that broadcasts to [B, Hq, Sq, Sk], of the descriptor's type; nil where it has none.
  ///   - result: Tensors that the call writes when the stream gets there.
  /// - Throws: ``AttentionError`` that names the argument that does not fit.
  public mutating func attend<Element: AttentionElement>(
    queries: CUDATensor<Element>, keys: CUDATensor<Element>, values: CUDATensor<Element>,
    booleanMask: CUDATensor<Bool>? = nil, bias: CUDAAttentionBias? = nil, into result: CUDAAttentionResult<Element>
  ) throws {
    let inputs = CUDAInputs(queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
    try inputs.check(plan.descriptor, on: stream)
    try inputs.check(result, plan.descriptor, on: stream)
    try enqueue(inputs.operands(result))
  }
}
