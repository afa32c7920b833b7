// Arithmetic, logic, comparisons and choices.
extension Decoder {
  /// Opcodes that integers and floating-point numbers share.
  mutating func arithmetic() throws -> Decoded {
    let half = modifiers.takeFirst { ["lo", "hi", "wide"].contains($0) ? $0 : nil }
    let rounding = takeRounding()
    let flushes = modifiers.take("ftz")
    let saturates = modifiers.take("sat")
    let clamps = modifiers.take("relu")
    let isApproximate = modifiers.take("approx") || modifiers.take("full")
    let keepsNaN = modifiers.take("NaN")
    let type = try type()
    guard type.isFloat else {
      guard !saturates, rounding == nil, !isApproximate, !keepsNaN, !flushes, !clamps else {
        throw unsupported("a modifier with integers")
      }
      return (try integerArithmetic(type, half), .integer)
    }
    guard half == nil else { throw unsupported("half a product") }
    let isRoundedOtherwise = rounding != nil && rounding != .nearestEven
    guard type == .f32 || !isRoundedOtherwise else { throw unsupported("this rounding of \(type.rawValue)") }
    let kind = try floatKind(keepsNaN: keepsNaN)
    let operands = operandCount - 1
    let expected = [
      .fusedMultiplyAdd: 3, .add: 2, .subtract: 2, .multiply: 2, .divide: 2, .minimum: 2, .maximum: 2,
      .minimumNaN: 2, .maximumNaN: 2, .copySign: 2,
    ][kind, default: 1]
    guard operands == expected else { throw unsupported("\(operandCount) operands") }
    let operation = FloatOperation(
      kind: kind, type: type, rounding: rounding ?? .nearestEven, flushesSubnormals: flushes, saturates: saturates,
      clampsNegative: clamps, destination: try destination(try operand(0), type),
      a: try source(try operand(1), type), b: operands > 1 ? try source(try operand(2), type) : absent,
      c: operands > 2 ? try source(try operand(3), type) : absent)
    return (.floating(operation), type == .f32 ? .float32 : type == .f64 ? .float64 : .halfPrecision)
  }

  private func floatKind(keepsNaN: Bool) throws -> FloatOperation.Kind {
    switch instruction.opcode {
    case "add": .add
    case "sub": .subtract
    case "mul": .multiply
    case "mad", "fma": .fusedMultiplyAdd
    case "div": .divide
    case "min": keepsNaN ? .minimumNaN : .minimum
    case "max": keepsNaN ? .maximumNaN : .maximum
    case "abs": .absolute
    case "neg": .negate
    case "rcp": .reciprocal
    case "sqrt": .squareRoot
    case "rsqrt": .reciprocalSquareRoot
    case "ex2": .exponential2
    case "lg2": .logarithm2
    case "tanh": .hyperbolicTangent
    case "sin": .sine
    case "cos": .cosine
    case "copysign": .copySign
    default: throw unsupported("this opcode with floating-point numbers")
    }
  }

  private mutating func integerArithmetic(_ type: PTXType, _ half: String?) throws -> Operation {
    let kinds: [String: IntegerOperation.Kind] = [
      "add": .add, "sub": .subtract, "div": .divide, "rem": .remainder, "min": .minimum, "max": .maximum,
      "abs": .absolute, "neg": .negate, "mul.lo": .multiplyLow, "mul.hi": .multiplyHigh, "mul.wide": .multiplyWide,
      "mad.lo": .multiplyAddLow, "mad.hi": .multiplyAddHigh, "mad.wide": .multiplyAddWide,
    ]
    let name = instruction.opcode + (half.map { "." + $0 } ?? "")
    guard let kind = kinds[name], type.byteCount > 1, type != .u16x2, type != .s16x2 else {
      throw unsupported("this opcode with integers")
    }
    let isWide = half == "wide"
    let wide: PTXType = type.byteCount == 4 ? .u64 : .u32
    guard !isWide || type.byteCount < 8 else { throw unsupported("a product of 128 bits") }
    return try integer(kind, type, result: isWide ? wide : type, third: isWide ? wide : type)
  }

  /// An operation of one to three operands of one type, except the last, and except counts.
  private mutating func integer(
    _ kind: IntegerOperation.Kind, _ type: PTXType, result: PTXType, second: PTXType? = nil, third: PTXType? = nil,
    d: Int32 = 0
  ) throws -> Operation {
    try expectOperands(2...5)
    return .integer(
      IntegerOperation(
        kind: kind, type: type, destination: try destination(try operand(0), result),
        a: try source(try operand(1), type), b: operandCount > 2 ? try source(try operand(2), second ?? type) : absent,
        c: operandCount > 3 ? try source(try operand(3), third ?? type) : absent, d: d))
  }

  mutating func logic() throws -> Operation {
    let shift = modifiers.takeFirst { ["l", "r"].contains($0) ? $0 : nil }
    let isClamped = modifiers.take("clamp")
    let isWrapped = modifiers.take("wrap")
    guard !isWrapped || instruction.opcode == "shf" else { throw unsupported("the modifier .wrap") }
    let type = try type()
    if type == .pred { return try predicateLogic() }
    switch instruction.opcode {
    case "and": return try integer(.and, type, result: type)
    case "or": return try integer(.or, type, result: type)
    case "xor": return try integer(.exclusiveOr, type, result: type)
    case "not": return try integer(.not, type, result: type)
    case "cnot": return try integer(.logicalNot, type, result: type)
    case "shl": return try integer(.shiftLeft, type, result: type, second: .u32)
    case "shr": return try integer(.shiftRight, type, result: type, second: .u32)
    case "bfe": return try integer(.extractBits, type, result: type, second: .u32, third: .u32)
    case "popc": return try integer(.countOnes, type, result: .u32)
    case "clz": return try integer(.countLeadingZeros, type, result: .u32)
    case "brev": return try integer(.reverseBits, type, result: type)
    case "bfind": return try integer(.findLeadingBit, type, result: .u32)
    case "prmt": return try integer(.permuteBytes, type, result: type)
    case "sad": return try integer(.sumOfAbsoluteDifferences, type, result: type)
    case "shf":
      let kind: IntegerOperation.Kind =
        shift == "l"
        ? (isClamped ? .funnelLeftClamp : .funnelLeftWrap) : (isClamped ? .funnelRightClamp : .funnelRightWrap)
      return try integer(kind, type, result: type, third: .u32)
    case "bfi":
      try expectOperands(5...5)
      return try integer(.insertBits, type, result: type, third: .u32, d: try source(try operand(4), .u32))
    case "lop3":
      try expectOperands(5...5)
      return try integer(.lookup3, type, result: type, d: Int32(try number(4)))
    default: throw unsupported("this opcode")
    }
  }

  private mutating func predicateLogic() throws -> Operation {
    let kinds: [String: PredicateLogicOperation.Kind] = ["and": .and, "or": .or, "xor": .exclusiveOr, "not": .not]
    guard let kind = kinds[instruction.opcode] else { throw unsupported("this opcode with predicates") }
    let a = try predicate(try operand(1))
    return .predicateLogic(
      PredicateLogicOperation(
        kind: kind, destination: try predicateDestination(try operand(0)), a: a,
        b: kind == .not ? a : try predicate(try operand(2))))
  }

  mutating func compare() throws -> Operation {
    try expectOperands(3...4)
    let relations: [String: CompareOperation.Relation] = [
      "eq": .equal, "ne": .notEqual, "lt": .less, "le": .lessOrEqual, "gt": .greater, "ge": .greaterOrEqual,
      "lo": .less, "ls": .lessOrEqual, "hi": .greater, "hs": .greaterOrEqual, "equ": .equalUnordered,
      "neu": .notEqualUnordered, "ltu": .lessUnordered, "leu": .lessOrEqualUnordered, "gtu": .greaterUnordered,
      "geu": .greaterOrEqualUnordered, "num": .areNumbers, "nan": .isNaN,
    ]
    guard let relation = modifiers.takeFirst({ relations[$0] }) else { throw unsupported("this relation") }
    let kinds: [String: PredicateLogicOperation.Kind] = ["and": .and, "or": .or, "xor": .exclusiveOr]
    let combination = modifiers.takeFirst { kinds[$0] }
    let flushes = modifiers.take("ftz")
    let type = try type()
    guard type != .f16x2, type != .bf16x2, type != .pred else { throw unsupported("this type") }
    guard (combination != nil) == (operandCount == 4) else { throw unsupported("\(operandCount) operands") }
    var (first, second) = (try operand(0), OperandSyntax.sink)
    if case .pair(let a, let b) = first { (first, second) = (a, b) }
    return .compare(
      CompareOperation(
        relation: relation, type: type, flushesSubnormals: flushes, destination: try predicateDestination(first),
        opposite: try predicateDestination(second), a: try source(try operand(1), type),
        b: try source(try operand(2), type), combination: combination,
        combined: combination == nil ? constantPredicate(true) : try predicate(try operand(3))))
  }

  mutating func select() throws -> Operation {
    try expectOperands(4...4)
    let type = try type()
    return .select(
      SelectOperation(
        is64: type.byteCount == 8, destination: try destination(try operand(0), type),
        a: try source(try operand(1), type), b: try source(try operand(2), type),
        condition: try predicate(try operand(3))))
  }
}
