/// Exact attention in O(N) memory: softmax(scale · Q Kᵀ) V.
///
/// A call makes an ``AttentionPlan`` and runs it. Code that makes the same call again and again may keep the plan; see
/// ``AttentionPlan/attend(queries:keys:values:booleanMask:bias:into:)``.
///
/// With S = scale · Q Kᵀ, capped, biased and masked in this order, each row of the result is the average of the values
/// weighted by softmax(S) over the keys. The score matrix is never stored: the tiles of S live in the caches, and the
/// softmax is computed online (Dao et al., *FlashAttention*, 2022; Milakov and Gimelshein, 2018). Sums are fp32
/// whatever the element type, and results are bit-identical from run to run and for any number of threads.
///
/// - Parameters:
///   - queries: Q, [B, Hq, Sq, D], with any strides.
///   - keys: K, [B, Hkv, Sk, D], with any strides. Hq is a multiple of Hkv: query head h uses key/value head
///     h / (Hq / Hkv), which is grouped-query attention, and multi-query attention where Hkv is 1.
///   - values: V, [B, Hkv, Sk, Dv], with any strides; Dv may differ from D.
///   - scale: The factor of Q Kᵀ; nil for 1/√D.
///   - mask: Which positions see which by their place: full, causal, or a window.
///   - booleanMask: A mask that broadcasts to [B, Hq, Sq, Sk], true where a key may be attended to; it narrows `mask`.
///   - bias: A bias that broadcasts to [B, Hq, Sq, Sk], added to the scores after the cap; −∞ forbids a position.
///   - softcap: The cap c of S ← c · tanh(S / c); nil for none.
///   - options: Back end, instruction set and threads; the default chooses from the machine's processor. With the back
///     end ``Backend/cuda`` the tensors are copied to the first usable CUDA device and the result is copied back.
/// - Returns: The output and the log-sum-exp of every row. A row without a permitted key has zeros and −∞.
/// - Throws: ``AttentionError`` that names the argument that does not fit, what it was and what was expected, or the
///   back end or instruction set that is not available.
/// - Complexity: O(B · Hq · Sq · Sk · (D + Dv)) operations; O(threads · (D + Dv)) memory beyond the result.
public func scaledDotProductAttention<Element: AttentionElement>(
  queries: some StridedTensor<Element>,
  keys: some StridedTensor<Element>,
  values: some StridedTensor<Element>,
  scale: Float? = nil,
  mask: AttentionMask = .full,
  booleanMask: TensorView<Bool>? = nil,
  bias: AttentionBias? = nil,
  softcap: Float? = nil,
  options: ExecutionOptions = ExecutionOptions()
) throws -> AttentionResult<Element> {
  let descriptor = try AttentionDescriptor(
    shape: AttentionShape(queries: queries.shape, keys: keys.shape, values: values.shape),
    elementType: Element.attentionElementType, scale: scale, softcap: softcap, mask: mask,
    hasBooleanMask: booleanMask != nil, biasType: bias?.elementType)
  let operands = try AttentionOperands(
    descriptor, queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
  if options.backend == .cuda {
    try options.check()
    return try operands.attendOnDevice(descriptor)
  }
  return try AttentionPlan(descriptor, .forward, options: options).attend(operands)
}
