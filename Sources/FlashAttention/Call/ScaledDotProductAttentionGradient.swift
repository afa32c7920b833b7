/// The gradients of a loss with respect to the inputs of
/// ``scaledDotProductAttention(queries:keys:values:scale:mask:booleanMask:bias:softcap:options:)``.
///
/// The probabilities are recomputed tile by tile from the log-sum-exp of the forward pass, so the memory is O(N), and
/// the five products of the backward pass run once (Dao et al., *FlashAttention*, 2022, algorithm 4). Gradients are
/// summed in fp32, in an order that does not depend on the number of threads.
///
/// - Parameters:
///   - queries: Q as in the forward pass.
///   - keys: K as in the forward pass.
///   - values: V as in the forward pass.
///   - outputGradient: ∂L/∂O, [B, Hq, Sq, Dv], with any strides.
///   - forward: The result of the forward pass with the same arguments, or nil to compute it here.
///   - scale: As in the forward pass.
///   - mask: As in the forward pass.
///   - booleanMask: As in the forward pass.
///   - bias: As in the forward pass.
///   - softcap: As in the forward pass.
///   - biasGradient: Whether to compute the gradient of the bias as well.
///   - options: Back end, instruction set and threads; the default chooses from the machine.
/// - Returns: The gradients of Q, K and V in their element type, and of the bias in fp32 where it was asked for.
/// - Throws: ``AttentionError`` that names the argument that does not fit, or the back end that is not available; the
///   back end `standard` has no gradient of the bias.
/// - Complexity: 2.5 times the operations of the forward pass; O(B · Hq · Sq · D) memory beyond the result.
public func scaledDotProductAttentionGradient<Element: AttentionElement>(
  queries: some StridedTensor<Element>,
  keys: some StridedTensor<Element>,
  values: some StridedTensor<Element>,
  outputGradient: some StridedTensor<Element>,
  forward: AttentionResult<Element>? = nil,
  scale: Float? = nil,
  mask: AttentionMask = .full,
  booleanMask: TensorView<Bool>? = nil,
  bias: AttentionBias? = nil,
  softcap: Float? = nil,
  biasGradient: Bool = false,
  options: ExecutionOptions = ExecutionOptions()
) throws -> AttentionGradients<Element> {
  let descriptor = try AttentionDescriptor(
    shape: AttentionShape(queries: queries.shape, keys: keys.shape, values: values.shape),
    elementType: Element.attentionElementType, scale: scale, softcap: softcap, mask: mask,
    hasBooleanMask: booleanMask != nil, biasType: bias?.elementType)
  let operands = try AttentionOperands(
    descriptor, queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
  // Before a forward pass is run for nothing.
  let plan = try AttentionPlan(descriptor, .backward, options: options)
  try plan.check(operands, outputGradient: outputGradient.view, biasGradient: biasGradient)
  let forward = try forward ?? AttentionPlan(descriptor, .forward, options: options).attend(operands)
  return try plan.differentiate(
    operands, outputGradient: outputGradient.view, forward: forward, biasGradient: biasGradient)
}
