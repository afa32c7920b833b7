/// A tensor element's type as files and plans name it.
///
/// The raw value is the type's name in a safetensors header.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"

  /// The size of one element in memory and on disk.
  public var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// The Swift type of such elements, with which code for a type that is known only at run time calls generic code.
  public var swiftType: any TensorElement.Type {
    switch self {
    case .float64: Double.self
    case .float32: Float.self
    case .float16: Float16.self
    case .bfloat16: BFloat16.self
    case .int64: Int64.self
    case .int32: Int32.self
    case .int16: Int16.self
    case .int8: Int8.self
    case .uint64: UInt64.self
    case .uint32: UInt32.self
    case .uint16: UInt16.self
    case .uint8: UInt8.self
    case .bool: Bool.self
    }
  }
}

/// A type that can be an element of a tensor.
///
/// Conforming types are plain bits whose size in memory is their size in a file.
public protocol TensorElement: Sendable, BitwiseCopyable {
  /// The type's name in files and plans.
  static var elementType: ElementType { get }
}

extension Double: TensorElement {
  public static var elementType: ElementType { .float64 }
}

extension Float: TensorElement {
  public static var elementType: ElementType { .float32 }
}

extension Float16: TensorElement {
  public static var elementType: ElementType { .float16 }
}

extension Int64: TensorElement {
  public static var elementType: ElementType { .int64 }
}

extension Int32: TensorElement {
  public static var elementType: ElementType { .int32 }
}

extension Int16: TensorElement {
  public static var elementType: ElementType { .int16 }
}

extension Int8: TensorElement {
  public static var elementType: ElementType { .int8 }
}

extension UInt64: TensorElement {
  public static var elementType: ElementType { .uint64 }
}

extension UInt32: TensorElement {
  public static var elementType: ElementType { .uint32 }
}

extension UInt16: TensorElement {
  public static var elementType: ElementType { .uint16 }
}

extension UInt8: TensorElement {
  public static var elementType: ElementType { .uint8 }
}

extension Bool: TensorElement {
  public static var elementType: ElementType { .bool }
}
