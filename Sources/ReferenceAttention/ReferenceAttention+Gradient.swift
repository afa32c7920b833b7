import FlashAttention

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension ReferenceAttention {
  /// The gradients of a loss with respect to every input.
  public struct Gradients: Sendable {
    /// ∂L/∂Q, [B, Hq, Sq, D].
    public var queries: Tensor<Double>
    /// ∂L/∂K, [B, Hkv, Sk, D].
    public var keys: Tensor<Double>
    /// ∂L/∂V, [B, Hkv, Sk, Dv].
    public var values: Tensor<Double>
    /// ∂L/∂bias before any broadcasting is undone, [B, Hq, Sq, Sk].
    public var scores: Tensor<Double>
  }

  /// The gradients, given ∂L/∂O of shape [B, Hq, Sq, Dv].
  ///
  /// With dP = dO Vᵀ and δ = Σ P dP, dS = P (dP − δ); a softcap multiplies it by 1 − tanh². Then dV = Pᵀ dO,
  /// dQ = scale · dS K and dK = scale · dSᵀ Q.
  public func gradients<Element: AttentionElement>(
    outputGradient: some StridedTensor<Element>
  ) throws -> Gradients {
    let outputGradient = Tensor<Double>(mapping: outputGradient) { Double($0) }
    var dQ = [Double](repeating: 0, count: queries.count)
    var dK = [Double](repeating: 0, count: keys.count)
    var dV = [Double](repeating: 0, count: values.count)
    var dS = [Double](repeating: 0, count: batch * queryHeads * queryLength * keyLength)
    queries.withSpan { q in
      keys.withSpan { k in
        values.withSpan { v in
          outputGradient.withSpan { dO in
            for batch in 0..<batch {
              for head in 0..<queryHeads {
                for query in 0..<queryLength {
                  let row = row(batch: batch, head: head, query: query)
                  let rowIndex = (batch * queryHeads + head) * queryLength + query
                  let keyRow = (batch * keys.shape[1] + keyValueHead(head)) * keyLength
                  var dP = [Double](repeating: 0, count: keyLength)
                  for key in 0..<keyLength where row.permitted[key] {
                    for column in 0..<valueDimension {
                      dP[key] +=
                        dO[rowIndex * valueDimension + column] * v[(keyRow + key) * valueDimension + column]
                    }
                  }
                  var delta = 0.0
                  for key in 0..<keyLength where row.permitted[key] { delta += row.probabilities[key] * dP[key] }
                  for key in 0..<keyLength where row.permitted[key] {
                    let probability = row.probabilities[key]
                    let scoreGradient = probability * (dP[key] - delta)
                    dS[rowIndex * keyLength + key] = scoreGradient
                    let cappedGradient =
                      softcap == nil ? scoreGradient : scoreGradient * (1 - row.tangents[key] * row.tangents[key])
                    for column in 0..<valueDimension {
                      dV[(keyRow + key) * valueDimension + column] +=
                        probability * dO[rowIndex * valueDimension + column]
                    }
                    for column in 0..<headDimension {
                      dQ[rowIndex * headDimension + column] +=
                        scale * cappedGradient * k[(keyRow + key) * headDimension + column]
                      dK[(keyRow + key) * headDimension + column] +=
                        scale * cappedGradient * q[rowIndex * headDimension + column]
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return Gradients(
      queries: try Tensor(dQ, shape: queries.shape), keys: try Tensor(dK, shape: keys.shape),
      values: try Tensor(dV, shape: values.shape),
      scores: try Tensor(dS, shape: [batch, queryHeads, queryLength, keyLength]))
  }
}

// The C library's functions, under names that do not collide with the formulas' own.
func expOf(_ x: Double) -> Double { exp(x) }
func logOf(_ x: Double) -> Double { log(x) }
func tanhOf(_ x: Double) -> Double { tanh(x) }
