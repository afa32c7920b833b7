import CUDAKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension ForwardCase {
  /// The exact result: output [B, Hq, Sq, Dv] and log-sum-exp [B, Hq, Sq] in fp64, as plainly as the formulas.
  public var expected: (output: [Double], logSumExp: [Double]) {
    let (q, k, v) = (numbers(queries), numbers(keys), numbers(values))
    let (dimension, valueDimension) = (request.headDimension, request.valueDimension)
    let heads = request.queryHeads / max(request.keyValueHeads, 1)
    var output: [Double] = []
    var logSumExp: [Double] = []
    for batch in 0..<request.batch {
      for head in 0..<request.queryHeads {
        let sequence = (batch * request.keyValueHeads + head / heads) * request.keyLength
        for query in 0..<request.queryLength {
          let row = ((batch * request.queryHeads + head) * request.queryLength + query) * dimension
          let scores = (0..<request.keyLength).map { key in
            let product = (0..<dimension).reduce(0) { $0 + q[row + $1] * k[(sequence + key) * dimension + $1] }
            return score(product, [batch, head, query, key])
          }
          // NaN is no maximum, but reaches the sum.
          let largest = scores.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
          let weights = scores.map { $0 == -.infinity ? 0 : exp($0 - largest) }
          let sum = weights.reduce(0, +)
          logSumExp.append(sum == 0 ? -.infinity : largest + log(sum))
          for column in 0..<valueDimension {
            // A forbidden key has no part in the row, whatever its values are.
            let weighted = scores.indices.reduce(0) {
              scores[$1] == -.infinity ? $0 : $0 + weights[$1] * v[(sequence + $1) * valueDimension + column]
            }
            output.append(sum == 0 ? 0 : weighted / sum)
          }
        }
      }
    }
    return (output, logSumExp)
  }

  /// A score in base e; −∞ where it is forbidden.
  private func score(_ product: Double, _ place: [Int]) -> Double {
    let position = place[2] + diagonal
    if let left, place[3] < position - left { return -.infinity }
    if let right, place[3] > position + right { return -.infinity }
    func offset(_ strides: [Int]) -> Int { zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 } }
    if let mask, mask.elements[offset(mask.strides)] == 0 { return -.infinity }
    var score = product * Double(scale)
    if let softcap { score = Double(softcap) * tanh(score / Double(softcap)) }
    guard let bias else { return score }
    switch bias.elements {
    case .float32(let elements): return score + Double(elements[offset(bias.strides)])
    case .half(let elements):
      return score + Self.number(elements[offset(bias.strides)], isBFloat16: request.bias == .bfloat16)
    }
  }

  /// The numbers that bits of the element type stand for.
  public func numbers(_ bits: [UInt16]) -> [Double] {
    bits.map { Self.number($0, isBFloat16: request.element == .bfloat16) }
  }

  private static func number(_ bits: UInt16, isBFloat16: Bool) -> Double {
    isBFloat16 ? Double(Float(bitPattern: UInt32(bits) << 16)) : Double(Float16(bitPattern: bits))
  }
}
