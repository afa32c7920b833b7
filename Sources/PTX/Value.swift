/// What an instruction reads: a register, or a constant that the builder knows.
///
/// A value does not change: every instruction writes a register of its own. What changes is a ``Variable``. Operators
/// of values write instructions into the kernel that the registers belong to, or none where all operands are constants.
public struct Value<Scalar: ScalarType> {
  enum Storage {
    case register(String, of: KernelBuilder)
    case integer(Int)
    /// The bits of an fp32 number.
    case float(UInt32)
  }

  let storage: Storage

  init(_ storage: Storage) { self.storage = storage }

  /// The operand in the text of an instruction.
  var text: String {
    switch storage {
    case .register(let name, _): name
    case .integer(let number): "\(number)"
    // The exact bits, as decimal text would round.
    case .float(let bits): "0f" + Hexadecimal.padded(bits)
    }
  }

  /// The kernel that a register belongs to; constants belong to none.
  var builder: KernelBuilder? {
    if case .register(_, let builder) = storage { builder } else { nil }
  }
}

extension Value: Equatable {
  /// Whether both are the same register or the same constant.
  public static func == (a: Value, b: Value) -> Bool { a.text == b.text }
}

extension Value: ExpressibleByIntegerLiteral where Scalar: IntegerType {
  /// A constant.
  public init(_ number: Int) { self.init(.integer(number)) }
  public init(integerLiteral number: Int) { self.init(number) }

  /// The number where it is known while the text is written.
  public var constant: Int? {
    if case .integer(let number) = storage { number } else { nil }
  }
}

extension Value: ExpressibleByFloatLiteral where Scalar == F32 {
  /// A constant.
  public init(_ number: Float) { self.init(.float(number.bitPattern)) }
  public init(floatLiteral number: Float) { self.init(number) }

  /// The number where it is known while the text is written.
  public var constant: Float? {
    if case .float(let bits) = storage { Float(bitPattern: bits) } else { nil }
  }
}

extension Value {
  /// The same register as another type of the same class, which costs nothing; constants keep their number.
  public func bits<Other: ScalarType>(as other: Other.Type) -> Value<Other> {
    precondition(
      Scalar.registers == Other.registers, "\(Scalar.name) and \(Other.name) are held by different registers")
    switch storage {
    case .register(let name, let builder): return Value<Other>(.register(name, of: builder))
    case .integer(let number): return Value<Other>(.integer(number))
    case .float(let bits): return Value<Other>(.float(bits))
    }
  }

  /// Writes an instruction of the operands into the kernel that they belong to, and returns its result.
  static func compute<Result: ScalarType>(_ opcode: String, _ operands: [any Operand]) -> Value<Result> {
    guard let builder = operands.lazy.compactMap(\.builder).first else {
      preconditionFailure("\(opcode) of constants has no kernel to be written into")
    }
    return builder.compute(opcode, operands)
  }
}

/// What may stand in the text of an instruction.
protocol Operand {
  var text: String { get }
  var builder: KernelBuilder? { get }
}

extension Value: Operand {}

/// A number that an instruction takes as it is.
struct Immediate: Operand {
  let text: String
  var builder: KernelBuilder? { nil }

  init(_ number: Int) { text = "\(number)" }
  init(text: String) { self.text = text }
}

/// A register that is written more than once: an accumulator, a counter, the parity of a barrier.
public struct Variable<Scalar: ScalarType> {
  let register: Value<Scalar>
  let builder: KernelBuilder

  /// What the register holds where an instruction reads it.
  public var value: Value<Scalar> {
    get { register }
    nonmutating set { builder.emit("mov.\(Scalar.registers.rawValue)", register.text, newValue.text) }
  }
}

enum Hexadecimal {
  /// Eight digits.
  static func padded(_ bits: UInt32) -> String {
    let digits = String(bits, radix: 16, uppercase: true)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
