// Loads, stores, atomics and fences.
extension Decoder {
  private static let cacheModifiers: Set<String> = ["ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc"]
  private static let scopes: Set<String> = ["cta", "cluster", "gpu", "sys"]

  /// Removes the space, an access's order and all hints.
  private mutating func takeAccess() -> (space: StateSpace, order: AccessOrder) {
    modifiers.drop(Self.cacheModifiers.union(Self.scopes), prefixes: ["L1::", "L2::"])
    let orders: [String: AccessOrder] = [
      "weak": .weak, "relaxed": .relaxed, "volatile": .relaxed, "mmio": .relaxed, "acquire": .acquire,
      "release": .release, "acq_rel": .acquireRelease,
    ]
    let order = modifiers.takeFirst { orders[$0] } ?? .weak
    return (takeSpace(), order)
  }

  mutating func takeSpace() -> StateSpace {
    modifiers.takeFirst { modifier in
      modifier == "generic" ? nil : StateSpace(rawValue: String(modifier.split(separator: ":")[0]))
    } ?? .generic
  }

  /// The number of elements that the modifiers name, which is checked against the operand.
  private mutating func takeVector(_ operand: OperandSyntax) throws {
    let counts = ["v2": 2, "v4": 4, "v8": 8]
    guard modifiers.takeFirst({ counts[$0] }) ?? 1 == elements(operand).count else {
      throw unsupported("\(elements(operand).count) elements")
    }
  }

  mutating func load() throws -> Decoded {
    try expectOperands(2...3)
    let (space, order) = takeAccess()
    guard space != .local, space != .const else { throw unsupported("this space") }
    let values = try operand(0)
    try takeVector(values)
    let type = try type()
    let (rows, are64) = try registers(values, type)
    let operation = AccessOperation(
      space: space, type: type, values: rows, areValues64: are64, address: try address(try operand(1)), order: order)
    return (.load(operation), space == .shared ? .sharedLoad : space == .param ? .parameterLoad : .globalLoad)
  }

  /// The rows of results or operands that may be wider than the type.
  private mutating func registers(_ operand: OperandSyntax, _ type: PTXType) throws -> (PoolRange, are64: Bool) {
    var rows: [Int32] = []
    var are64 = type.byteCount == 8
    for element in elements(operand) {
      switch element {
      case .sink: rows.append(absent)
      case .register:
        if is64(element) { are64 = true }
        guard is64(element) == are64 else { throw unsupported("elements of different sizes") }
        rows.append(try anyRegister(element))
      default: rows.append(try source(element, type))
      }
    }
    return (range(rows), are64)
  }

  mutating func store() throws -> Decoded {
    try expectOperands(2...3)
    let (space, order) = takeAccess()
    guard space == .global || space == .shared || space == .generic else { throw unsupported("this space") }
    guard !modifiers.contains("async") else { throw unsupported("the modifier .async") }
    let values = try operand(1)
    try takeVector(values)
    let type = try type()
    let target = try address(try operand(0))
    let (rows, are64) = try registers(values, type)
    let operation = AccessOperation(
      space: space, type: type, values: rows, areValues64: are64, address: target, order: order)
    return (.store(operation), space == .shared ? .sharedStore : .globalStore)
  }

  mutating func atomic() throws -> Operation {
    let isReduction = instruction.opcode == "red"
    guard !modifiers.contains("async") else { throw unsupported("the modifier .async") }
    let (space, order) = takeAccess()
    modifiers.drop(["noftz"])
    guard let kind = modifiers.takeFirst({ AtomicOperation.Kind(rawValue: $0) }) else {
      throw unsupported("this operation")
    }
    let first = isReduction ? 0 : 1
    try expectOperands((first + 2)...(first + 4))
    let values = try operand(first + 1)
    try takeVector(values)
    let type = try type()
    guard type.byteCount >= 2, kind == .cas || operandCount <= first + 3 else {
      throw unsupported("\(operandCount) operands")
    }
    return .atomic(
      AtomicOperation(
        kind: kind, space: space, type: type,
        results: isReduction ? range([]) : try destinations(try operand(0), type), operands: try sources(values, type),
        replacement: kind == .cas ? try source(try operand(first + 2), type) : absent,
        address: try address(try operand(first)), order: order == .weak ? .relaxed : order))
  }

  mutating func fence() throws -> Operation {
    if modifiers.take("proxy") {
      let isAsync = modifiers.take("async")
      let isGlobal = modifiers.take("global")
      modifiers.drop(["shared::cta", "shared::cluster", "alias"])
      return .fence(FenceOperation(kind: isAsync && !isGlobal ? .asyncProxy : .nothing))
    }
    if modifiers.take("mbarrier_init") {
      modifiers.drop(["release", "cluster"])
      return .fence(FenceOperation(kind: .barrierInitialisation))
    }
    modifiers.drop(["sc", "acq_rel", "acquire", "release", "cta", "cluster", "gpu", "sys", "gl"])
    return .fence(FenceOperation(kind: .threads))
  }
}
