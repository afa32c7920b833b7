import Glibc

// Arithmetic of floating-point numbers (PTX ISA, sections 9.7.3 and 9.7.4).
extension Warp {
  func floating(_ operation: FloatOperation, _ lanes: UInt32) {
    switch operation.type {
    case .f64: double(operation, lanes)
    case .f16, .f16x2: half(operation, lanes, isPair: operation.type == .f16x2, .float16, Half.float16)
    case .bf16, .bf16x2: half(operation, lanes, isPair: operation.type == .bf16x2, .bfloat16, Half.bfloat16)
    default: single(operation, lanes)
    }
  }

  // MARK: fp32

  private func single(_ o: FloatOperation, _ lanes: UInt32) {
    let isPlain = o.rounding == .nearestEven && !o.flushesSubnormals && !o.saturates
    switch (o.kind, isPlain) {
    case (.add, true): registers.map(o.destination, o.a, o.b, lanes) { (a: Float, b: Float) in Self.canonical(a + b) }
    case (.subtract, true):
      registers.map(o.destination, o.a, o.b, lanes) { (a: Float, b: Float) in Self.canonical(a - b) }
    case (.multiply, true):
      registers.map(o.destination, o.a, o.b, lanes) { (a: Float, b: Float) in Self.canonical(a * b) }
    case (.fusedMultiplyAdd, true):
      registers.map(o.destination, o.a, o.b, o.c, lanes) { (a: Float, b: Float, c: Float) in
        Self.canonical(c.addingProduct(a, b))
      }
    default: otherSingle(o, lanes)
    }
  }

  private func otherSingle(_ o: FloatOperation, _ lanes: UInt32) {
    let flushes = o.flushesSubnormals
    let (a, b, c) = (
      registers.row(o.a), registers.row(o.b == absent ? o.a : o.b), registers.row(o.c == absent ? o.a : o.c)
    )
    let d = registers.row(o.destination)
    forEachLane(lanes) { lane in
      let x = Flush.apply(Float(bitPattern: a[lane]), flushes)
      let y = Flush.apply(Float(bitPattern: b[lane]), flushes)
      let z = Flush.apply(Float(bitPattern: c[lane]), flushes)
      switch o.kind {
      // Signs change even where there is no number.
      case .negate: d[lane] = x.bitPattern ^ 0x8000_0000
      case .absolute: d[lane] = x.bitPattern & 0x7fff_ffff
      case .copySign: d[lane] = y.bitPattern & 0x7fff_ffff | x.bitPattern & 0x8000_0000
      default:
        var result = Flush.apply(Self.compute(o.kind, x, y, z, o.rounding), flushes)
        if o.saturates { result = result.isNaN ? 0 : min(max(result, 0), 1) }
        d[lane] = Self.canonical(result).bitPattern
      }
    }
    setPoison(o, lanes)
  }

  private func setPoison(_ o: FloatOperation, _ lanes: UInt32) {
    var poison = registers.poison(o.a)
    if o.b != absent { poison |= registers.poison(o.b) }
    if o.c != absent { poison |= registers.poison(o.c) }
    registers.setPoison(o.destination, lanes, poison)
  }

  /// The one NaN that arithmetic of fp32 gives.
  @inline(__always)
  static func canonical(_ number: Float) -> Float { number.isNaN ? Float(bitPattern: 0x7fff_ffff) : number }

  static func compute(
    _ kind: FloatOperation.Kind, _ a: Float, _ b: Float, _ c: Float, _ rounding: Rounding
  ) -> Float {
    switch kind {
    case .add: return DirectedRounding.sum(Double(a), Double(b), rounding)
    case .subtract: return DirectedRounding.sum(Double(a), -Double(b), rounding)
    case .multiply: return DirectedRounding.product(a, b, rounding)
    case .fusedMultiplyAdd:
      if rounding == .nearestEven { return c.addingProduct(a, b) }
      return DirectedRounding.sum(Double(a) * Double(b), Double(c), rounding)
    case .divide: return rounding == .nearestEven ? a / b : DirectedRounding.quotient(a, b, rounding)
    case .minimum: return a.isNaN ? b : b.isNaN ? a : minimum(a, b)
    case .maximum: return a.isNaN ? b : b.isNaN ? a : maximum(a, b)
    case .minimumNaN: return a.isNaN || b.isNaN ? .nan : minimum(a, b)
    case .maximumNaN: return a.isNaN || b.isNaN ? .nan : maximum(a, b)
    case .negate: return -a
    case .absolute: return a.magnitude
    case .copySign: return Float(signOf: a, magnitudeOf: b)
    case .reciprocal: return rounding == .nearestEven ? 1 / a : DirectedRounding.quotient(1, a, rounding)
    case .squareRoot:
      return rounding == .nearestEven ? a.squareRoot() : DirectedRounding.squareRoot(a, rounding)
    case .reciprocalSquareRoot: return Float(1 / Double(a).squareRoot())
    case .exponential2: return Float(exp2(Double(a)))
    case .logarithm2: return Float(log2(Double(a)))
    case .hyperbolicTangent: return Float(tanh(Double(a)))
    case .sine: return Float(sin(Double(a)))
    case .cosine: return Float(cos(Double(a)))
    }
  }

  /// Zero with a sign is less than zero without.
  private static func minimum(_ a: Float, _ b: Float) -> Float {
    a == b ? Float(bitPattern: a.bitPattern | b.bitPattern) : Swift.min(a, b)
  }

  private static func maximum(_ a: Float, _ b: Float) -> Float {
    a == b ? Float(bitPattern: a.bitPattern & b.bitPattern) : Swift.max(a, b)
  }

  // MARK: fp64

  private func double(_ o: FloatOperation, _ lanes: UInt32) {
    let (a, b, c) = (
      registers.row(o.a), registers.row(o.b == absent ? o.a : o.b), registers.row(o.c == absent ? o.a : o.c)
    )
    let d = registers.row(o.destination)
    forEachLane(lanes) { lane in
      let (x, y, z) = (Double.read(a, lane), Double.read(b, lane), Double.read(c, lane))
      let result: Double
      switch o.kind {
      case .add: result = x + y
      case .subtract: result = x - y
      case .multiply: result = x * y
      case .fusedMultiplyAdd: result = z.addingProduct(x, y)
      case .divide: result = x / y
      case .minimum, .minimumNaN: result = Double.minimum(x, y)
      case .maximum, .maximumNaN: result = Double.maximum(x, y)
      case .negate: result = -x
      case .absolute: result = x.magnitude
      case .copySign: result = Double(signOf: x, magnitudeOf: y)
      case .reciprocal: result = 1 / x
      case .squareRoot: result = x.squareRoot()
      case .reciprocalSquareRoot: result = 1 / x.squareRoot()
      case .exponential2: result = exp2(x)
      case .logarithm2: result = log2(x)
      case .hyperbolicTangent: result = tanh(x)
      case .sine: result = sin(x)
      case .cosine: result = cos(x)
      }
      result.write(d, lane)
    }
    setPoison(o, lanes)
  }

  // MARK: 16 bits

  /// Numbers of 16 bits are computed in fp32, which has more than twice their digits, so that rounding the result once
  /// more changes nothing; a sum of a product and a number is computed in fp64.
  private func half(
    _ o: FloatOperation, _ lanes: UInt32, isPair: Bool, _ format: NarrowFloat, _ widen: (UInt32) -> Float
  ) {
    let (a, b, c) = (
      registers.row(o.a), registers.row(o.b == absent ? o.a : o.b), registers.row(o.c == absent ? o.a : o.c)
    )
    let d = registers.row(o.destination)
    forEachLane(lanes) { lane in
      var result = Self.half(o, a[lane] & 0xffff, b[lane] & 0xffff, c[lane] & 0xffff, format, widen)
      if isPair { result |= Self.half(o, a[lane] >> 16, b[lane] >> 16, c[lane] >> 16, format, widen) << 16 }
      d[lane] = result
    }
    setPoison(o, lanes)
  }

  private static func half(
    _ o: FloatOperation, _ a: UInt32, _ b: UInt32, _ c: UInt32, _ format: NarrowFloat, _ widen: (UInt32) -> Float
  ) -> UInt32 {
    switch o.kind {
    case .negate: return a ^ 0x8000
    case .absolute: return a & 0x7fff
    default: break
    }
    let (x, y, z) = (widen(a), widen(b), widen(c))
    var result: Float
    if o.kind == .fusedMultiplyAdd {
      result = DirectedRounding.oddSum(Double(x) * Double(y), Double(z))
    } else {
      result = compute(o.kind, x, y, z, .nearestEven)
    }
    if o.saturates { result = result.isNaN ? 0 : Swift.min(Swift.max(result, 0), 1) }
    if o.clampsNegative && result < 0 { result = 0 }
    let bits = format.bits(result, o.rounding)
    let isSubnormal = bits & 0x7fff != 0 && bits & 0x7fff < 1 << format.mantissaBits
    return o.flushesSubnormals && isSubnormal ? bits & 0x8000 : bits
  }
}
