/// What the forward pass returns.
public struct AttentionResult<Element: AttentionElement>: Sendable {
  /// O = softmax(S) V, [B, Hq, Sq, Dv]. Rows without a permitted key are zero.
  public internal(set) var output: Tensor<Element>

  /// LSE = ln Σ exp(S) of each row, natural logarithm, [B, Hq, Sq], always fp32. Rows without a permitted key have −∞.
  ///
  /// The gradient needs it, and with it two results over different keys can be merged.
  public internal(set) var logSumExp: Tensor<Float>

  /// The result of a forward pass, for instance one that was stored.
  public init(output: Tensor<Element>, logSumExp: Tensor<Float>) {
    self.output = output
    self.logSumExp = logSumExp
  }
}

/// What the backward pass returns: the gradients of a loss L, given ∂L/∂O.
public struct AttentionGradients<Element: AttentionElement>: Sendable {
  /// ∂L/∂Q, [B, Hq, Sq, D].
  public internal(set) var queries: Tensor<Element>
  /// ∂L/∂K, [B, Hkv, Sk, D].
  public internal(set) var keys: Tensor<Element>
  /// ∂L/∂V, [B, Hkv, Sk, Dv].
  public internal(set) var values: Tensor<Element>
  /// ∂L/∂bias in the bias's own shape, fp32, or nil where it was not asked for. Axes of size 1 hold the sums over the
  /// axis that they were broadcast to.
  public internal(set) var bias: Tensor<Float>?
}
