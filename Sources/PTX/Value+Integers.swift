// Arithmetic of integers. Where all operands are known while the text is written, so is the result, and no instruction
// is written; sums with zero and products with one are left out as well.
extension Value where Scalar: IntegerType {
  public static func + (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x + y) }
    if a.constant == 0 { return b }
    if b.constant == 0 { return a }
    return compute("add.\(number)", [a, b])
  }

  public static func - (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x - y) }
    if b.constant == 0 { return a }
    return compute("sub.\(number)", [a, b])
  }

  /// The product's low half; a shift where one factor is a power of two.
  public static func * (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x * y) }
    if a.constant != nil { return b * a }
    if let factor = b.constant {
      if factor == 0 { return 0 }
      if factor > 0 && factor & (factor - 1) == 0 { return a << factor.trailingZeroBitCount }
    }
    return compute("mul.lo.\(number)", [a, b])
  }

  /// a · b + c.
  public static func multiplyAdd(_ a: Value, _ b: Value, _ c: Value) -> Value {
    if a.constant != nil || b.constant != nil || c.constant == 0 { return a * b + c }
    return compute("mad.lo.\(number)", [a, b, c])
  }

  /// The quotient, rounded towards zero; of unsigned numbers a shift where the divisor is a power of two.
  public static func / (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x / y) }
    if b.constant == 1 { return a }
    if let divisor = b.constant, !Scalar.isSigned, divisor & (divisor - 1) == 0 {
      return a >> divisor.trailingZeroBitCount
    }
    return compute("div.\(number)", [a, b])
  }

  /// The remainder; of unsigned numbers a mask where the divisor is a power of two.
  public static func % (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x % y) }
    if b.constant == 1 { return 0 }
    if let divisor = b.constant, !Scalar.isSigned, divisor & (divisor - 1) == 0 { return a & Value(divisor - 1) }
    return compute("rem.\(number)", [a, b])
  }

  public static func minimum(_ a: Value, _ b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(Swift.min(x, y)) }
    return compute("min.\(number)", [a, b])
  }

  public static func maximum(_ a: Value, _ b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(Swift.max(x, y)) }
    return compute("max.\(number)", [a, b])
  }

  // MARK: Bits

  public static func << (a: Value, count: Int) -> Value {
    if let x = a.constant { return Value(x << count) }
    return count == 0 ? a : compute("shl.\(bits)", [a, Immediate(count)])
  }

  public static func >> (a: Value, count: Int) -> Value {
    if let x = a.constant { return Value(x >> count) }
    return count == 0 ? a : compute("shr.\(number)", [a, Immediate(count)])
  }

  public static func & (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x & y) }
    if a.constant == 0 || b.constant == 0 { return 0 }
    return compute("and.\(bits)", [a, b])
  }

  public static func | (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x | y) }
    if a.constant == 0 { return b }
    if b.constant == 0 { return a }
    return compute("or.\(bits)", [a, b])
  }

  public static func ^ (a: Value, b: Value) -> Value {
    if let x = a.constant, let y = b.constant { return Value(x ^ y) }
    if a.constant == 0 { return b }
    if b.constant == 0 { return a }
    return compute("xor.\(bits)", [a, b])
  }

  // MARK: With numbers of the program that writes the kernel

  public static func + (a: Value, b: Int) -> Value { a + Value(b) }
  public static func - (a: Value, b: Int) -> Value { a - Value(b) }
  public static func * (a: Value, b: Int) -> Value { a * Value(b) }
  public static func / (a: Value, b: Int) -> Value { a / Value(b) }
  public static func % (a: Value, b: Int) -> Value { a % Value(b) }
  public static func & (a: Value, b: Int) -> Value { a & Value(b) }
  public static func | (a: Value, b: Int) -> Value { a | Value(b) }
  public static func ^ (a: Value, b: Int) -> Value { a ^ Value(b) }

  // MARK: Names of types

  /// The type of an arithmetic instruction: bits count as unsigned.
  static var number: String { (Scalar.isSigned ? "s" : "u") + "\(Scalar.registers.bytes * 8)" }

  /// The type of an instruction of logic.
  static var bits: String { "b\(Scalar.registers.bytes * 8)" }
}

// MARK: 32 and 64 bits

extension Value where Scalar == U32 {
  /// The same number in 64 bits.
  public var widened: Value<U64> {
    if let x = constant { return Value<U64>(x) }
    return Self.compute("cvt.u64.u32", [self])
  }

  /// The 64-bit product: an index times a stride.
  public func multipliedWide(by other: Value) -> Value<U64> {
    if let x = constant, let y = other.constant { return Value<U64>(x * y) }
    // The register operand comes first.
    return Self.compute("mul.wide.u32", constant == nil ? [self, other] : [other, self])
  }
}

extension Value where Scalar == S32 {
  /// The same number in 64 bits.
  public var widened: Value<S64> {
    if let x = constant { return Value<S64>(x) }
    return Self.compute("cvt.s64.s32", [self])
  }

  /// The 64-bit product: an index times a stride.
  public func multipliedWide(by other: Value) -> Value<S64> {
    if let x = constant, let y = other.constant { return Value<S64>(x * y) }
    return Self.compute("mul.wide.s32", constant == nil ? [self, other] : [other, self])
  }
}

extension Value where Scalar == U64 {
  /// The low 32 bits.
  public var narrowed: Value<U32> {
    if let x = constant { return Value<U32>(x & 0xffff_ffff) }
    return Self.compute("cvt.u32.u64", [self])
  }
}
