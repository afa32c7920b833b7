import CUDAKernels

extension ForwardCase {
  /// A case whose data is random, and depends on `seed` alone.
  public init(_ request: ForwardRequest, seed: UInt64) {
    var generator = Generator(state: seed)
    func bits(_ count: Int) -> [UInt16] {
      (0..<count).map { _ in
        let number = Float(generator.number())
        return request.element == .bfloat16
          ? UInt16(truncatingIfNeeded: number.bitPattern >> 16) : Float16(number).bitPattern
      }
    }
    let rows = request.batch * request.queryHeads * request.queryLength
    let sequence = request.batch * request.keyValueHeads * request.keyLength
    let queries = bits(rows * request.headDimension)
    let keys = bits(sequence * request.headDimension)
    let values = bits(sequence * request.valueDimension)
    self.init(
      request: request, scale: 1 / Float(request.headDimension).squareRoot(), queries: queries, keys: keys,
      values: values)
    let scores = [request.batch, request.queryHeads, request.queryLength, request.keyLength]
    let strides = [scores[1] * scores[2] * scores[3], scores[2] * scores[3], scores[3], 1]
    if request.isCapped { softcap = 2 }
    if request.isMasked {
      mask = ((0..<scores.reduce(1, *)).map { _ in generator.number() < 1.2 ? 1 : 0 }, strides)
    }
    switch request.bias {
    case .float32?: bias = (.float32((0..<scores.reduce(1, *)).map { _ in Float(generator.number()) }), strides)
    case .float16?, .bfloat16?: bias = (.half(bits(scores.reduce(1, *))), strides)
    case nil: break
    }
    switch request.band {
    case .full: break
    case .upper:
      diagonal = request.keyLength - request.queryLength
      right = 0
    case .both:
      diagonal = request.keyLength - request.queryLength
      left = max(request.keyLength / 2, 1)
      right = 3
    }
  }

  /// SplitMix64, for numbers between −2 and 2.
  private struct Generator {
    var state: UInt64

    mutating func number() -> Double {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return Double((z ^ (z >> 31)) >> 11) * 0x1p-51 - 2
    }
  }
}
