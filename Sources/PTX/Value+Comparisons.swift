/// A relation of two numbers.
enum Relation: String {
  case equal = "eq"
  case notEqual = "ne"
  case less = "lt"
  case lessOrEqual = "le"
  case greater = "gt"
  case greaterOrEqual = "ge"

  func holds<Number: Comparable>(_ a: Number, _ b: Number) -> Bool {
    switch self {
    case .equal: a == b
    case .notEqual: a != b
    case .less: a < b
    case .lessOrEqual: a <= b
    case .greater: a > b
    case .greaterOrEqual: a >= b
    }
  }
}

// Comparisons of integers, folded where both numbers are known.
extension Value where Scalar: IntegerType {
  public static func .== (a: Value, b: Value) -> Predicate { compare(a, .equal, b) }
  public static func .!= (a: Value, b: Value) -> Predicate { compare(a, .notEqual, b) }
  public static func .< (a: Value, b: Value) -> Predicate { compare(a, .less, b) }
  public static func .<= (a: Value, b: Value) -> Predicate { compare(a, .lessOrEqual, b) }
  public static func .> (a: Value, b: Value) -> Predicate { compare(a, .greater, b) }
  public static func .>= (a: Value, b: Value) -> Predicate { compare(a, .greaterOrEqual, b) }

  public static func .== (a: Value, b: Int) -> Predicate { a .== Value(b) }
  public static func .!= (a: Value, b: Int) -> Predicate { a .!= Value(b) }
  public static func .< (a: Value, b: Int) -> Predicate { a .< Value(b) }
  public static func .<= (a: Value, b: Int) -> Predicate { a .<= Value(b) }
  public static func .> (a: Value, b: Int) -> Predicate { a .> Value(b) }
  public static func .>= (a: Value, b: Int) -> Predicate { a .>= Value(b) }

  private static func compare(_ a: Value, _ relation: Relation, _ b: Value) -> Predicate {
    if let x = a.constant, let y = b.constant { return Predicate(relation.holds(x, y)) }
    return setPredicate(relation, type: number, a, b)
  }
}

// Comparisons of fp32 numbers; each but .!= is false where one of them is NaN.
extension Value where Scalar == F32 {
  public static func .== (a: Value, b: Value) -> Predicate { setPredicate(.equal, type: "f32", a, b) }
  /// Holds where one of the two is NaN.
  public static func .!= (a: Value, b: Value) -> Predicate { !(a .== b) }
  public static func .< (a: Value, b: Value) -> Predicate { setPredicate(.less, type: "f32", a, b) }
  public static func .<= (a: Value, b: Value) -> Predicate { setPredicate(.lessOrEqual, type: "f32", a, b) }
  public static func .> (a: Value, b: Value) -> Predicate { setPredicate(.greater, type: "f32", a, b) }
  public static func .>= (a: Value, b: Value) -> Predicate { setPredicate(.greaterOrEqual, type: "f32", a, b) }
}

extension Value {
  fileprivate static func setPredicate(_ relation: Relation, type: String, _ a: Value, _ b: Value) -> Predicate {
    guard let builder = a.builder ?? b.builder else {
      preconditionFailure("a comparison of constants has no kernel to be written into")
    }
    let result = builder.newPredicate()
    builder.emit("setp.\(relation.rawValue).\(type)", result, a.text, b.text)
    return Predicate(register: result, of: builder)
  }
}
