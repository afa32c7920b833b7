// Arithmetic of single-precision numbers, rounded to nearest even.
extension Value where Scalar == F32 {
  public static func + (a: Value, b: Value) -> Value { compute("add.rn.f32", [a, b]) }
  public static func - (a: Value, b: Value) -> Value { compute("sub.rn.f32", [a, b]) }
  public static func * (a: Value, b: Value) -> Value { compute("mul.rn.f32", [a, b]) }
  public static prefix func - (a: Value) -> Value {
    if let number = a.constant { return Value(-number) }
    return compute("neg.f32", [a])
  }

  /// a · b + c with one rounding.
  public static func multiplyAdd(_ a: Value, _ b: Value, _ c: Value) -> Value { compute("fma.rn.f32", [a, b, c]) }

  /// The larger of two numbers; where one is NaN, the other.
  public static func maximum(_ a: Value, _ b: Value) -> Value { compute("max.f32", [a, b]) }

  /// 2ᵃ to about two units in the last place; subnormal numbers are zero.
  public static func exponential2(_ a: Value) -> Value { compute("ex2.approx.ftz.f32", [a]) }

  /// log₂ a to an absolute error of about 2⁻²²; subnormal numbers are zero.
  public static func logarithm2(_ a: Value) -> Value { compute("lg2.approx.ftz.f32", [a]) }

  /// 1 / a, rounded to nearest even.
  public static func reciprocal(_ a: Value) -> Value { compute("rcp.rn.f32", [a]) }

  /// 1 / a to one unit in the last place; subnormal numbers are zero.
  public static func approximateReciprocal(_ a: Value) -> Value { compute("rcp.approx.ftz.f32", [a]) }
}

// Steps of an accumulator, without a move.
extension Variable where Scalar == F32 {
  /// Multiplies by `factor`.
  public func multiply(by factor: Value<F32>) {
    builder.emit("mul.rn.f32", register.text, register.text, factor.text)
  }

  /// Adds `term`.
  public func add(_ term: Value<F32>) {
    builder.emit("add.rn.f32", register.text, register.text, term.text)
  }

  /// Adds `a` · `b` with one rounding.
  public func add(_ a: Value<F32>, times b: Value<F32>) {
    builder.emit("fma.rn.f32", register.text, a.text, b.text, register.text)
  }

  /// Becomes this · `factor` + `term` with one rounding.
  public func multiply(by factor: Value<F32>, adding term: Value<F32>) {
    builder.emit("fma.rn.f32", register.text, register.text, factor.text, term.text)
  }

  /// Becomes the larger of itself and `other`.
  public func maximize(_ other: Value<F32>) {
    builder.emit("max.f32", register.text, register.text, other.text)
  }
}

/// A number of 16 bits that matrix products take.
public enum HalfType: String, Sendable, CaseIterable {
  case float16 = "f16"
  case bfloat16 = "bf16"
}

// Numbers of 16 bits.
extension KernelBuilder {
  /// Two numbers rounded to a half-precision type, the first in the low half.
  public func pair(_ low: Value<F32>, _ high: Value<F32>, as type: HalfType) -> Value<B32> {
    compute("cvt.rn.\(type.rawValue)x2.f32", [high, low])
  }

  /// A number rounded to a half-precision type.
  public func rounded(_ number: Value<F32>, as type: HalfType) -> Value<B16> {
    compute("cvt.rn.\(type.rawValue).f32", [number])
  }

  /// 16 bits and 16 more above them.
  public func pack(_ low: Value<B16>, _ high: Value<B16>) -> Value<B32> {
    let result = register(B32.self)
    emit("mov.b32", result.text, Self.list([low, high]))
    return result
  }

  /// The fp32 number that 16 bits stand for.
  public func float(_ bits: Value<B16>, of type: HalfType) -> Value<F32> {
    switch type {
    case .float16: return compute("cvt.f32.f16", [bits])
    case .bfloat16:
      // bf16 is the upper half of fp32; the conversion instruction came with sm_90.
      let word: Value<B32> = compute("cvt.u32.u16", [bits])
      return compute("mov.b32", [word << 16])
    }
  }
}
