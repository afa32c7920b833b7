/// What the forward pass on a device returns: tensors in the device's memory, which hold the result when the stream
/// gets there.
public struct CUDAAttentionResult<Element: AttentionElement>: Sendable {
  /// O = softmax(S) V, [B, Hq, Sq, Dv]. Rows without a permitted key are zero.
  public let output: CUDATensor<Element>

  /// LSE = ln Σ exp(S) of each row, natural logarithm, [B, Hq, Sq], always fp32 and dense. Rows without a permitted key
  /// have −∞.
  public let logSumExp: CUDATensor<Float>

  /// Tensors for a result, which a call writes.
  public init(output: CUDATensor<Element>, logSumExp: CUDATensor<Float>) {
    self.output = output
    self.logSumExp = logSumExp
  }
}
