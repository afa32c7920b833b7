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
  public func gradients<Element: AttentionElement>(
    outputGradient: some StridedTensor<Element>
  ) throws -> Gradients {
    try gradients(exactOutputGradient: Tensor(converting: outputGradient))
  }

  /// The gradients, given ∂L/∂O of shape [B, Hq, Sq, Dv] in fp64.
  ///
  /// With dP = dO Vᵀ and δ = Σ P dP, dS = P (dP − δ); a softcap multiplies it by 1 − tanh². Then dV = Pᵀ dO,
  /// dQ = scale · dS K and dK = scale · dSᵀ Q.
  public func gradients(exactOutputGradient outputGradient: Tensor<Double>) throws -> Gradients {
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
                  let rowIndex = rowIndex(batch: batch, head: head, query: query)
                  let firstKey = firstKeyIndex(batch: batch, head: head)
                  var dP = [Double](repeating: 0, count: keyLength)
                  var delta = 0.0
                  for key in 0..<keyLength where row.permitted[key] {
                    var sum = 0.0
                    for column in 0..<valueDimension {
                      sum = precision.sum(
                        sum + dO[rowIndex * valueDimension + column] * v[(firstKey + key) * valueDimension + column])
                    }
                    dP[key] = precision.stored(sum)
                    delta = precision.sum(delta + row.probabilities[key] * dP[key])
                  }
                  for key in 0..<keyLength where row.permitted[key] {
                    let probability = row.probabilities[key]
                    let scoreGradient = precision.stored(probability * (dP[key] - delta))
                    dS[rowIndex * keyLength + key] = scoreGradient
                    let cappedGradient =
                      softcap == nil
                      ? scoreGradient
                      : precision.stored(scoreGradient * (1 - row.tangents[key] * row.tangents[key]))
                    for column in 0..<valueDimension {
                      let index = (firstKey + key) * valueDimension + column
                      dV[index] = precision.sum(dV[index] + probability * dO[rowIndex * valueDimension + column])
                    }
                    for column in 0..<headDimension {
                      let queryIndex = rowIndex * headDimension + column
                      let keyIndex = (firstKey + key) * headDimension + column
                      dQ[queryIndex] = precision.sum(dQ[queryIndex] + cappedGradient * k[keyIndex])
                      dK[keyIndex] = precision.sum(dK[keyIndex] + cappedGradient * q[queryIndex])
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
      queries: try Tensor(dQ.map { precision.stored(scale * $0) }, shape: queries.shape),
      keys: try Tensor(dK.map { precision.stored(scale * $0) }, shape: keys.shape),
      values: try Tensor(dV.map { precision.stored($0) }, shape: values.shape),
      scores: try Tensor(dS, shape: [batch, queryHeads, queryLength, keyLength]))
  }
}

extension Tensor<Double> {
  /// The sums over the axes along which a tensor of `shape` is repeated when it is broadcast to this one's shape: the
  /// gradient of the tensor that was broadcast.
  public func summed(to shape: [Int]) throws -> Tensor<Double> {
    // Each element's place in the result, found by broadcasting the places themselves.
    let places = try Tensor<Int64>((0..<shape.reduce(1, *)).map { Int64($0) }, shape: shape)
      .view.broadcast(to: self.shape).scalars
    var sums = [Double](repeating: 0, count: shape.reduce(1, *))
    for (place, value) in zip(places, scalars) { sums[Int(place)] += value }
    return try Tensor(sums, shape: shape)
  }
}

// The C library's functions, under names that do not collide with the formulas' own.
func expOf(_ x: Double) -> Double { exp(x) }
func logOf(_ x: Double) -> Double { log(x) }
func tanhOf(_ x: Double) -> Double { tanh(x) }
