/// Turns the instructions of a kernel into operations.
///
/// Every operand becomes a row of the register file: literals, addresses of variables and special registers are rows
/// that are filled when a warp begins, so that running an instruction does not ask what its operands are.
struct Decoder {
  let kernel: KernelSyntax
  let symbols: KernelSymbols
  var labels: [String: Int32] = [:]
  var pool: [Int32] = []
  private(set) var rowCount: Int32 = 0
  private(set) var predicateCount: Int32 = 0
  private(set) var constants: [Constant: Row] = [:]
  private(set) var specials: [SpecialRegister: Row] = [:]
  private(set) var constantPredicates: [Bool: PredicateIndex] = [:]
  /// Where each declared register lies, once it has been used.
  private var places: [Int32]
  /// The rows of the instruction that is being decoded.
  private var touched: [Int32] = []
  /// The instruction that is being decoded.
  var instruction: InstructionSyntax
  var modifiers = ModifierList([])

  /// A row of equal lanes.
  struct Constant: Hashable {
    let bits: UInt64
    let is64: Bool
  }

  init(kernel: KernelSyntax, symbols: KernelSymbols) {
    self.kernel = kernel
    self.symbols = symbols
    places = Array(repeating: absent, count: kernel.registers.count)
    instruction = InstructionSyntax(line: 0, text: "", condition: nil, opcode: "", modifiers: [], operands: [])
  }

  mutating func decode(_ syntax: InstructionSyntax) throws -> Instruction {
    instruction = syntax
    modifiers = ModifierList(syntax.modifiers)
    touched.removeAll(keepingCapacity: true)
    let (operation, opcodeClass) = try operation()
    if !modifiers.remaining.isEmpty { throw unsupported("the modifier .\(modifiers.remaining[0])") }
    let condition = try syntax.condition.map { try place($0.register, isPredicate: true) }
    return Instruction(
      operation: operation, condition: condition ?? absent,
      isConditionNegated: syntax.condition?.isNegated ?? false, touched: range(touched), opcodeClass: opcodeClass)
  }

  func unsupported(_ reason: String) -> SimulationError {
    .unsupported(line: instruction.line, text: instruction.text, reason: reason)
  }

  // MARK: Operands

  func operand(_ index: Int) throws -> OperandSyntax {
    guard index < instruction.operands.count else { throw unsupported("\(index) operands") }
    return instruction.operands[index]
  }

  var operandCount: Int { instruction.operands.count }

  /// More operands than understood would be ignored silently.
  func expectOperands(_ counts: ClosedRange<Int>) throws {
    guard counts.contains(operandCount) else { throw unsupported("\(operandCount) operands") }
  }

  mutating func range(_ list: [Int32]) -> PoolRange {
    let range = PoolRange(start: Int32(pool.count), count: Int32(list.count))
    pool += list
    return range
  }

  /// Whether a register holds 64 bits.
  func is64(_ register: RegisterName) -> Bool { kernel.registers[register.number].type.byteCount == 8 }

  /// Whether an operand is a register of 64 bits.
  func is64(_ operand: OperandSyntax) -> Bool {
    if case .register(let register) = operand { return is64(register) }
    return false
  }

  private mutating func place(_ register: RegisterName, isPredicate: Bool) throws -> Int32 {
    let declaration = kernel.registers[register.number]
    guard (declaration.type == .pred) == isPredicate, declaration.type != .b128 else {
      throw unsupported("\(declaration.name) of type \(declaration.type.rawValue) here")
    }
    if places[register.number] == absent {
      if isPredicate {
        places[register.number] = predicateCount
        predicateCount += 1
      } else {
        places[register.number] = newRow(is64: declaration.type.byteCount == 8)
      }
    }
    if !isPredicate { touched.append(places[register.number]) }
    return places[register.number]
  }

  mutating func newRow(is64: Bool) -> Row {
    defer { rowCount += is64 ? 2 : 1 }
    return rowCount
  }

  mutating func constant(_ bits: UInt64, is64: Bool) -> Row {
    let key = Constant(bits: is64 ? bits : bits & 0xffff_ffff, is64: is64)
    if let row = constants[key] { return row }
    let row = newRow(is64: is64)
    constants[key] = row
    return row
  }

  /// The row of a register of whatever size.
  mutating func anyRegister(_ operand: OperandSyntax) throws -> Row {
    guard case .register(let register) = operand else { throw unsupported("an operand that is not a register") }
    return try place(register, isPredicate: false)
  }

  /// The row of a result, ``absent`` where it is not wanted.
  mutating func destination(_ operand: OperandSyntax, _ type: PTXType) throws -> Row {
    if case .sink = operand { return absent }
    guard is64(operand) == (type.byteCount == 8) else { throw unsupported("a result of another size") }
    return try anyRegister(operand)
  }

  /// The row of what an instruction reads.
  mutating func source(_ operand: OperandSyntax, _ type: PTXType) throws -> Row {
    let isWide = type.byteCount == 8
    switch operand {
    case .register(let register):
      guard is64(register) == isWide else { throw unsupported("an operand of another size") }
      return try place(register, isPredicate: false)
    case .special(let name):
      guard let special = SpecialRegister(rawValue: name), !isWide else { throw unsupported("\(name) here") }
      if let row = specials[special] { return row }
      let row = newRow(is64: false)
      specials[special] = row
      return row
    case .integer(let number): return constant(UInt64(bitPattern: number) & Self.mask(type), is64: isWide)
    case .float(let bits):
      guard type.byteCount == 4 || type == .f64 else { throw unsupported("a number of 32 bits here") }
      return constant(type == .f64 ? Double(Float(bitPattern: bits)).bitPattern : UInt64(bits), is64: isWide)
    case .double(let number):
      switch type {
      case .f32: return constant(UInt64(Float(number).bitPattern), is64: false)
      case .f64, .b64: return constant(number.bitPattern, is64: true)
      default: throw unsupported("a number of 64 bits here")
      }
    case .symbol(let name): return try address(of: name, is64: isWide)
    default: throw unsupported("this operand here")
    }
  }

  private static func mask(_ type: PTXType) -> UInt64 {
    type.byteCount >= 8 ? .max : (1 << UInt64(8 * max(type.byteCount, 1))) - 1
  }

  private mutating func address(of name: String, is64: Bool) throws -> Row {
    if let address = symbols.shared[name] { return constant(UInt64(address), is64: is64) }
    if let offset = symbols.parameters[name] {
      return constant((is64 ? AddressWindow.param : 0) + UInt64(offset), is64: is64)
    }
    throw unsupported("the symbol \(name)")
  }

  mutating func predicate(_ operand: OperandSyntax) throws -> PredicateOperand {
    switch operand {
    case .register(let register):
      return PredicateOperand(index: try place(register, isPredicate: true), isNegated: false)
    case .negated(let register):
      return PredicateOperand(index: try place(register, isPredicate: true), isNegated: true)
    case .integer(let number): return constantPredicate(number != 0)
    default: throw unsupported("an operand that is not a predicate")
    }
  }

  mutating func constantPredicate(_ value: Bool) -> PredicateOperand {
    if let index = constantPredicates[value] { return PredicateOperand(index: index, isNegated: false) }
    constantPredicates[value] = predicateCount
    predicateCount += 1
    return PredicateOperand(index: predicateCount - 1, isNegated: false)
  }

  mutating func predicateDestination(_ operand: OperandSyntax) throws -> PredicateIndex {
    if case .sink = operand { return absent }
    guard case .register(let register) = operand else { throw unsupported("a result that is not a predicate") }
    return try place(register, isPredicate: true)
  }

  /// The operand in brackets.
  mutating func address(_ operand: OperandSyntax) throws -> AddressOperand {
    guard case .address(let base, let offset) = operand else { throw unsupported("an operand that is not an address") }
    switch base {
    case .register(let register):
      return AddressOperand(row: try place(register, isPredicate: false), is64: is64(register), offset: offset)
    case .integer(let number): return AddressOperand(row: constant(0, is64: true), is64: true, offset: number + offset)
    case .symbol(let name):
      return AddressOperand(row: try address(of: name, is64: true), is64: true, offset: offset)
    default: throw unsupported("this address")
    }
  }

  /// The elements of a vector, or one operand.
  func elements(_ operand: OperandSyntax) -> [OperandSyntax] {
    if case .vector(let elements) = operand { elements } else { [operand] }
  }

  mutating func sources(_ operand: OperandSyntax, _ type: PTXType) throws -> PoolRange {
    var rows: [Int32] = []
    for element in elements(operand) { rows.append(try source(element, type)) }
    return range(rows)
  }

  mutating func destinations(_ operand: OperandSyntax, _ type: PTXType) throws -> PoolRange {
    var rows: [Int32] = []
    for element in elements(operand) { rows.append(try destination(element, type)) }
    return range(rows)
  }

  mutating func type() throws -> PTXType {
    guard let type = modifiers.takeType() else { throw unsupported("an instruction without a type") }
    return type
  }

  /// A literal that decides what an instruction does.
  func number(_ index: Int) throws -> Int {
    guard case .integer(let number) = try operand(index) else { throw unsupported("an operand that is not a number") }
    return Int(number)
  }
}
