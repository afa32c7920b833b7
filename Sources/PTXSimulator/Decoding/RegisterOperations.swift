// Operations whose operands and results are registers.

/// Copies bits.
struct MoveOperation {
  enum Kind { case bits32, bits64 }
  let kind: Kind
  let destination: Row
  let source: Row
}

/// Reads a counter that changes.
struct ClockOperation {
  let destination: Row
  let is64: Bool
}

/// Joins parts into a register, or takes them apart.
struct PackOperation {
  /// The register of all bits.
  let whole: Row
  let isWhole64: Bool
  /// The rows of the parts, the lowest bits first; ``absent`` where a part is not wanted.
  let parts: PoolRange
  let bitsOfPart: Int32
}

/// Arithmetic and logic of integers.
struct IntegerOperation {
  enum Kind {
    case add, subtract, multiplyLow, multiplyHigh, multiplyWide, multiplyAddLow, multiplyAddHigh, multiplyAddWide
    case divide, remainder, minimum, maximum, absolute, negate
    case and, or, exclusiveOr, not, logicalNot, shiftLeft, shiftRight
    case extractBits, insertBits, permuteBytes, lookup3
    case countOnes, countLeadingZeros, reverseBits, findLeadingBit
    case funnelLeftWrap, funnelLeftClamp, funnelRightWrap, funnelRightClamp
    case sumOfAbsoluteDifferences
  }
  let kind: Kind
  let type: PTXType
  let destination: Row
  let a: Row
  let b: Row
  let c: Row
  /// A fourth operand, or the table of `lop3`.
  let d: Int32
}

/// How a result is rounded.
enum Rounding {
  case nearestEven, nearestAway, zero, down, up
}

/// Arithmetic of floating-point numbers.
struct FloatOperation {
  enum Kind {
    case add, subtract, multiply, fusedMultiplyAdd, divide
    case minimum, maximum, minimumNaN, maximumNaN
    case negate, absolute, reciprocal, squareRoot, reciprocalSquareRoot
    case exponential2, logarithm2, hyperbolicTangent, sine, cosine, copySign
  }
  let kind: Kind
  let type: PTXType
  let rounding: Rounding
  let flushesSubnormals: Bool
  let saturates: Bool
  /// Negative results become zero.
  let clampsNegative: Bool
  let destination: Row
  let a: Row
  let b: Row
  let c: Row
}

/// Converts between types.
struct ConvertOperation {
  let to: PTXType
  let from: PTXType
  /// The rounding of a narrower floating-point type, or of an integer.
  let rounding: Rounding
  /// Rounds a floating-point number to an integer of the same type.
  let roundsToInteger: Bool
  let saturates: Bool
  let flushesSubnormals: Bool
  let clampsNegative: Bool
  let destination: Row
  /// The size of the destination's register, which a result with a sign fills.
  let destinationBytes: Int32
  let source: Row
  let isSource64: Bool
  /// The number for the low half of a pair, ``absent`` otherwise.
  let lowSource: Row
}

/// Compares numbers.
struct CompareOperation {
  enum Relation {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    /// Those that also hold where one number is NaN.
    case equalUnordered, notEqualUnordered, lessUnordered, lessOrEqualUnordered, greaterUnordered,
      greaterOrEqualUnordered
    /// Whether no number is NaN, and whether one is.
    case areNumbers, isNaN
  }
  let relation: Relation
  let type: PTXType
  let flushesSubnormals: Bool
  let destination: PredicateIndex
  /// The opposite, where it is wanted.
  let opposite: PredicateIndex
  let a: Row
  let b: Row
  let combination: PredicateLogicOperation.Kind?
  let combined: PredicateOperand
}

/// Chooses between two registers.
struct SelectOperation {
  let is64: Bool
  let destination: Row
  let a: Row
  let b: Row
  let condition: PredicateOperand
}

/// Logic of predicates.
struct PredicateLogicOperation {
  enum Kind { case and, or, exclusiveOr, not }
  let kind: Kind
  let destination: PredicateIndex
  let a: PredicateOperand
  let b: PredicateOperand
}
