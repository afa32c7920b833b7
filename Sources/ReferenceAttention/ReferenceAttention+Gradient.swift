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
  public func gradients(exactOutputGradient outputGradient: Tensor<Double>) throws -> Gradients {
    try GradientSums(self, outputGradient, difference: -1) { $0 }.gradients()
  }

  /// The gradients with the absolute value of every term in place of the term: what rounding errors are in proportion
  /// to, also where the gradients themselves cancel.
  public func gradientMagnitudes<Element: AttentionElement>(
    outputGradient: some StridedTensor<Element>
  ) throws -> Gradients {
    try GradientSums(self, Tensor(converting: outputGradient), difference: 1) { $0.magnitude }.gradients()
  }
}

/// The sums that the gradients consist of.
///
/// With dP = dO Vᵀ and δ = Σ P dP, dS = P (dP − δ); a softcap multiplies it by 1 − tanh². Then dV = Pᵀ dO,
/// dQ = scale · dS K and dK = scale · dSᵀ Q.
private struct GradientSums {
  let attention: ReferenceAttention
  let outputGradient: Tensor<Double>
  let queries: Tensor<Double>
  let keys: Tensor<Double>
  let values: Tensor<Double>
  /// The sign of a difference: −1, or 1 where absolute values are summed.
  let difference: Double
  var dQ: [Double]
  var dK: [Double]
  var dV: [Double]
  var dS: [Double]

  init(
    _ attention: ReferenceAttention, _ outputGradient: Tensor<Double>, difference: Double,
    term: (Double) -> Double
  ) throws {
    self.attention = attention
    self.outputGradient = try Tensor(outputGradient.scalars.map(term), shape: outputGradient.shape)
    queries = try Tensor(attention.queries.scalars.map(term), shape: attention.queries.shape)
    keys = try Tensor(attention.keys.scalars.map(term), shape: attention.keys.shape)
    values = try Tensor(attention.values.scalars.map(term), shape: attention.values.shape)
    self.difference = difference
    dQ = [Double](repeating: 0, count: queries.count)
    dK = [Double](repeating: 0, count: keys.count)
    dV = [Double](repeating: 0, count: values.count)
    dS = [Double](repeating: 0, count: queries.shape[0] * queries.shape[1] * queries.shape[2] * keys.shape[2])
  }

  consuming func gradients() throws -> ReferenceAttention.Gradients {
    for batch in 0..<attention.batch {
      for head in 0..<attention.queryHeads {
        for query in 0..<attention.queryLength { addRow(batch: batch, head: head, query: query) }
      }
    }
    let precision = attention.precision
    let scale = difference < 0 ? attention.scale : attention.scale.magnitude
    return ReferenceAttention.Gradients(
      queries: try Tensor(dQ.map { precision.stored(scale * $0) }, shape: queries.shape),
      keys: try Tensor(dK.map { precision.stored(scale * $0) }, shape: keys.shape),
      values: try Tensor(dV.map { precision.stored($0) }, shape: values.shape),
      scores: try Tensor(dS, shape: [queries.shape[0], queries.shape[1], queries.shape[2], keys.shape[2]]))
  }

  private mutating func addRow(batch: Int, head: Int, query: Int) {
    let row = attention.row(batch: batch, head: head, query: query)
    let rowIndex = attention.rowIndex(batch: batch, head: head, query: query)
    let firstKey = attention.firstKeyIndex(batch: batch, head: head)
    let precision = attention.precision
    let keyLength = attention.keyLength
    let dimension = attention.headDimension
    let valueDimension = attention.valueDimension
    let hasSoftcap = attention.softcap != nil

    var dP = [Double](repeating: 0, count: keyLength)
    var delta = 0.0
    outputGradient.withSpan { dO in
      values.withSpan { v in
        for key in 0..<keyLength where row.permitted[key] {
          dP[key] = precision.stored(
            precision.product(
              dO, at: rowIndex * valueDimension, v, at: (firstKey + key) * valueDimension, count: valueDimension))
          delta = precision.held(delta + row.probabilities[key] * dP[key])
        }
      }
      for key in 0..<keyLength where row.permitted[key] {
        precision.add(
          row.probabilities[key], times: dO, at: rowIndex * valueDimension, to: &dV,
          at: (firstKey + key) * valueDimension, count: valueDimension)
      }
    }
    queries.withSpan { q in
      keys.withSpan { k in
        for key in 0..<keyLength where row.permitted[key] {
          var gradient = precision.stored(row.probabilities[key] * (dP[key] + difference * delta))
          dS[rowIndex * keyLength + key] = gradient
          if hasSoftcap {
            gradient = precision.stored(gradient * (1 + difference * row.tangents[key] * row.tangents[key]))
          }
          let queryStart = rowIndex * dimension
          let keyStart = (firstKey + key) * dimension
          precision.add(gradient, times: k, at: keyStart, to: &dQ, at: queryStart, count: dimension)
          precision.add(gradient, times: q, at: queryStart, to: &dK, at: keyStart, count: dimension)
        }
      }
    }
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
