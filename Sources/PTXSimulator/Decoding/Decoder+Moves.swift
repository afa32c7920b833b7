// Moves, addresses and conversions.
extension Decoder {
  mutating func move() throws -> Operation {
    try expectOperands(2...2)
    let type = try type()
    let target = try operand(0)
    let from = try operand(1)
    if type == .pred {
      let source = try predicate(from)
      return .predicateLogic(
        PredicateLogicOperation(
          kind: .and, destination: try predicateDestination(target), a: source, b: constantPredicate(true)))
    }
    if case .vector(let parts) = target {
      return .unpack(
        try packing(whole: try source(from, type), type, try parts.map { try part($0, type, parts.count) }))
    }
    if case .vector(let parts) = from {
      return .pack(
        try packing(whole: try destination(target, type), type, try parts.map { try part($0, type, parts.count) }))
    }
    if case .special(let name) = from, SpecialRegister.clocks.contains(name) {
      return .readClock(ClockOperation(destination: try destination(target, type), is64: type.byteCount == 8))
    }
    return .move(
      MoveOperation(
        kind: type.byteCount == 8 ? .bits64 : .bits32, destination: try destination(target, type),
        source: try source(from, type)))
  }

  private mutating func part(_ operand: OperandSyntax, _ type: PTXType, _ count: Int) throws -> Row {
    if case .sink = operand { return absent }
    let type: PTXType = type.byteCount / count == 4 ? .b32 : .b16
    return try source(operand, type)
  }

  private mutating func packing(whole: Row, _ type: PTXType, _ parts: [Row]) throws -> PackOperation {
    guard parts.count == 2 || parts.count == 4, type.byteCount / parts.count >= 1 else {
      throw unsupported("\(parts.count) parts")
    }
    return PackOperation(
      whole: whole, isWhole64: type.byteCount == 8, parts: range(parts),
      bitsOfPart: Int32(type.byteCount * 8 / parts.count))
  }

  /// Between generic addresses and those of a space.
  mutating func convertAddress() throws -> Operation {
    try expectOperands(2...2)
    let isToSpace = modifiers.take("to")
    let space = modifiers.takeFirst { StateSpace(rawValue: String($0.split(separator: ":")[0])) } ?? .generic
    let type = try type()
    let target = try destination(try operand(0), type)
    let from = try source(try operand(1), type)
    guard type.byteCount == 8, space == .shared || space == .param else {
      guard space == .global || space == .param || space == .shared else { throw unsupported("this space") }
      return .move(
        MoveOperation(kind: type.byteCount == 8 ? .bits64 : .bits32, destination: target, source: from))
    }
    // The windows differ from addresses within them in bits that those do not have.
    let window = space == .shared ? AddressWindow.shared : AddressWindow.param
    return .integer(
      IntegerOperation(
        kind: isToSpace ? .and : .or, type: .b64, destination: target, a: from,
        b: constant(isToSpace ? AddressWindow.span - 1 : window, is64: true), c: absent, d: 0))
  }

  /// In a cluster of one block, an address is its own.
  mutating func mapAddress() throws -> Operation {
    try expectOperands(3...3)
    modifiers.drop(["shared::cluster"])
    let type = try type()
    return .move(
      MoveOperation(
        kind: type.byteCount == 8 ? .bits64 : .bits32, destination: try destination(try operand(0), type),
        source: try source(try operand(1), type)))
  }

  /// In a cluster of one block, every address lies in block 0.
  mutating func rankOfAddress() throws -> Operation {
    try expectOperands(2...2)
    modifiers.drop(["shared::cluster"])
    _ = try type()
    return .move(
      MoveOperation(kind: .bits32, destination: try destination(try operand(0), .u32), source: constant(0, is64: false))
    )
  }

  /// Which lines stay in caches changes nothing here, so all policies are one value.
  mutating func createPolicy() throws -> Operation {
    modifiers.drop(["fractional", "range", "cvt", "global", "b64"], prefixes: ["L2"])
    return .move(
      MoveOperation(
        kind: .bits64, destination: try destination(try operand(0), .b64), source: constant(0, is64: true)))
  }

  mutating func convert() throws -> Operation {
    try expectOperands(2...3)
    let integerRoundings: [String: Rounding] = ["rni": .nearestEven, "rzi": .zero, "rmi": .down, "rpi": .up]
    let integerRounding = modifiers.takeFirst { integerRoundings[$0] }
    let rounding = takeRounding()
    let flushes = modifiers.take("ftz")
    let saturates = modifiers.take("sat")
    let clamps = modifiers.take("relu")
    let to = try type()
    let from = try type()
    let isPair = to == .f16x2 || to == .bf16x2
    guard isPair == (operandCount == 3), !isPair || from == .f32 else { throw unsupported("these types") }
    let unconverted: [PTXType] = [.f16x2, .bf16x2, .tf32, .u16x2, .s16x2, .pred, .b128]
    guard !unconverted.contains(from), ![.pred, .b128, .u16x2, .s16x2].contains(to) else {
      throw unsupported("these types")
    }
    let target = try operand(0)
    let first = try operand(1)
    // Registers may be wider than the types.
    let row: Row
    if case .register = first { row = try anyRegister(first) } else { row = try source(first, from) }
    let isSource64: Bool
    if case .register = first { isSource64 = is64(first) } else { isSource64 = from.byteCount == 8 }
    guard isSource64 || from.byteCount < 8 else { throw unsupported("an operand of another size") }
    guard is64(target) || to.byteCount < 8 else { throw unsupported("a result of another size") }
    return .convert(
      ConvertOperation(
        to: to, from: from, rounding: integerRounding ?? rounding ?? .nearestEven,
        roundsToInteger: integerRounding != nil, saturates: saturates, flushesSubnormals: flushes,
        clampsNegative: clamps, destination: try anyRegister(target), destinationBytes: try registerBytes(target),
        source: row,
        isSource64: isSource64, lowSource: isPair ? try source(try operand(2), from) : absent))
  }

  private func registerBytes(_ operand: OperandSyntax) throws -> Int32 {
    guard case .register(let register) = operand else { throw unsupported("a result that is not a register") }
    return Int32(kernel.registers[register.number].type.byteCount)
  }

  mutating func takeRounding() -> Rounding? {
    let roundings: [String: Rounding] = ["rn": .nearestEven, "rna": .nearestAway, "rz": .zero, "rm": .down, "rp": .up]
    return modifiers.takeFirst { roundings[$0] }
  }
}
