/// A scalar type of PTX (PTX ISA, section 5.2).
public protocol ScalarType: Sendable {
  /// The suffix of instructions and declarations, without the dot.
  static var name: String { get }
  /// The registers that hold it.
  static var registers: RegisterClass { get }
}

/// An integer type, of which constants can be folded.
public protocol IntegerType: ScalarType {
  static var isSigned: Bool { get }
}

/// A type of bits without a meaning: what loads, stores, logic and shuffles move.
public protocol BitsType: IntegerType {}

/// A floating-point type that has arithmetic.
public protocol FloatType: ScalarType {}

/// Where registers of a type are declared: ptxas takes a register for every type of its size.
public enum RegisterClass: String, Sendable, CaseIterable {
  case predicate = "pred"
  case bits16 = "b16"
  case bits32 = "b32"
  case bits64 = "b64"
  case float32 = "f32"

  /// What names of registers begin with.
  var prefix: String {
    switch self {
    case .predicate: "%p"
    case .bits16: "%h"
    case .bits32: "%r"
    case .bits64: "%rd"
    case .float32: "%f"
    }
  }

  /// The size in bytes; a predicate has none in memory.
  var bytes: Int {
    switch self {
    case .predicate: 0
    case .bits16: 2
    case .bits32, .float32: 4
    case .bits64: 8
    }
  }
}

/// An unsigned 32-bit integer.
public enum U32: IntegerType {
  public static var name: String { "u32" }
  public static var registers: RegisterClass { .bits32 }
  public static var isSigned: Bool { false }
}

/// A signed 32-bit integer.
public enum S32: IntegerType {
  public static var name: String { "s32" }
  public static var registers: RegisterClass { .bits32 }
  public static var isSigned: Bool { true }
}

/// An unsigned 8-bit integer in memory; registers hold it in 32 bits.
public enum U8: IntegerType {
  public static var name: String { "u8" }
  public static var registers: RegisterClass { .bits32 }
  public static var isSigned: Bool { false }
}

/// A signed 64-bit integer: a stride.
public enum S64: IntegerType {
  public static var name: String { "s64" }
  public static var registers: RegisterClass { .bits64 }
  public static var isSigned: Bool { true }
}

/// An unsigned 64-bit integer, and an address in global memory.
public enum U64: IntegerType {
  public static var name: String { "u64" }
  public static var registers: RegisterClass { .bits64 }
  public static var isSigned: Bool { false }
}

/// 16 bits, among them one half-precision number.
public enum B16: BitsType {
  public static var name: String { "b16" }
  public static var registers: RegisterClass { .bits16 }
  public static var isSigned: Bool { false }
}

/// 32 bits, among them a pair of half-precision numbers.
public enum B32: BitsType {
  public static var name: String { "b32" }
  public static var registers: RegisterClass { .bits32 }
  public static var isSigned: Bool { false }
}

/// 64 bits, among them the description of a matrix in shared memory.
public enum B64: BitsType {
  public static var name: String { "b64" }
  public static var registers: RegisterClass { .bits64 }
  public static var isSigned: Bool { false }
}

/// A single-precision number.
public enum F32: FloatType {
  public static var name: String { "f32" }
  public static var registers: RegisterClass { .float32 }
}
