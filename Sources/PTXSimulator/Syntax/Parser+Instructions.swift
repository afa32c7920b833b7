// The body of a kernel: scopes, labels, instructions and their operands.
extension Parser {
  /// From one brace to the one that closes it.
  mutating func readBlock() throws {
    try expect("{")
    scopes.append(RegisterScope())
    let start = kernel?.statements.count ?? 0
    while !takeIf("}") { try readStatement() }
    scopes.removeLast()
    kernel?.makeLabelsUnique(from: start)
  }

  private mutating func readStatement() throws {
    guard let token = current else { throw error("a kernel's body does not end") }
    switch token.text {
    case "{": try readBlock()
    case ";": _ = try take()
    case ".reg": try readRegisters()
    case ".shared":
      let variable = try readShared()
      kernel?.shared.append(variable)
    case ".loc": skipLine()
    case ".pragma": try skipStatement()
    case ".branchtargets", ".callprototype", ".local", ".param":
      throw error("\(token.text) is not supported in a kernel's body")
    default: try readLabelOrInstruction()
    }
  }

  private mutating func readLabelOrInstruction() throws {
    let start = bookmark
    let line = line
    var condition: GuardSyntax?
    if takeIf("@") {
      let isNegated = takeIf("!")
      let name = try takeWord()
      condition = GuardSyntax(register: try register(name), isNegated: isNegated)
    }
    let word = try takeWord()
    if condition == nil && takeIf(":") {
      kernel?.statements.append(.label(word, line: line))
      return
    }
    var parts = word.split(separator: ".").map(String.init)
    guard !parts.isEmpty, !word.hasPrefix(".") else { throw error("\(word) is not understood here") }
    let opcode = parts.removeFirst()
    var operands: [OperandSyntax] = []
    if !isNext(";") {
      repeat { operands.append(try readOperand()) } while takeIf(",")
    }
    let text = text(from: start)
    try expect(";")
    kernel?.statements.append(
      .instruction(
        InstructionSyntax(
          line: line, text: text, condition: condition, opcode: opcode, modifiers: parts, operands: operands)))
  }

  // MARK: Operands

  private mutating func readOperand() throws -> OperandSyntax {
    let first = try readSingleOperand()
    return takeIf("|") ? .pair(first, try readSingleOperand()) : first
  }

  private mutating func readSingleOperand() throws -> OperandSyntax {
    if takeIf("{") { return .vector(try readList(until: "}")) }
    if takeIf("[") { return try readAddress() }
    if takeIf("!") { return .negated(try register(try takeWord())) }
    if takeIf("-") {
      // A sign apart from its number.
      guard case .integer(let number) = try readSingleOperand() else { throw error("a sign stands before a number") }
      return .integer(-number)
    }
    let token = try take()
    switch token.kind {
    case .number:
      guard let operand = NumberLiteral.operand(token.text) else { throw error("\(token.text) is not a number") }
      return operand
    case .word: return try named(String(token.text))
    default: throw error("\(token.text) is not an operand")
    }
  }

  private mutating func readList(until end: String) throws -> [OperandSyntax] {
    var operands: [OperandSyntax] = []
    while !takeIf(end) {
      operands.append(try readSingleOperand())
      if !isNext(end) { try expect(",") }
    }
    return operands
  }

  /// Behind the opening bracket.
  private mutating func readAddress() throws -> OperandSyntax {
    let base = try readSingleOperand()
    var offset: Int64 = 0
    while !isNext("]") && !isNext(",") {
      let isNegative = takeIf("-")
      if !isNegative { _ = takeIf("+") }
      guard case .integer(let number) = try readSingleOperand() else { throw error("a distance is a number") }
      offset &+= isNegative ? -number : number
    }
    if takeIf(",") {
      try expect("{")
      let coordinates = try readList(until: "}")
      if takeIf(",") { throw error("copies by im2col are not supported") }
      try expect("]")
      return .tensor(.address(base, offset), coordinates)
    }
    try expect("]")
    return .address(base, offset)
  }

  private func named(_ name: String) throws -> OperandSyntax {
    if name == "_" { return .sink }
    if let register = find(name) { return .register(register) }
    if name.hasPrefix("%") {
      guard SpecialRegister.names.contains(name) else { throw error("\(name) is not declared") }
      return .special(name)
    }
    return .symbol(name)
  }

  private func find(_ name: String) -> RegisterName? {
    for scope in scopes.reversed() {
      if let register = scope[name] { return register }
    }
    return nil
  }

  private func register(_ name: String) throws -> RegisterName {
    guard let register = find(name) else { throw error("\(name) is not declared") }
    return register
  }
}
