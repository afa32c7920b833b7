/// A kernel that warps can run. It does not change once it is made, so that threads may share it.
final class DecodedKernel: @unchecked Sendable {
  let name: String
  let parameters: [VariableSyntax]
  let symbols: KernelSymbols
  let maximumThreads: Int?
  let requiredThreads: Int?
  /// The lines of the instructions; the last one is the end of the kernel.
  let code: [CodeLine]
  let count: Int
  let instructions: UnsafeMutablePointer<Instruction>
  let pool: UnsafeMutablePointer<Int32>
  /// For every instruction, where lanes come together again if they part there; ``absent`` for the end.
  let reconvergence: UnsafeMutablePointer<Int32>
  let rowCount: Int
  let predicateCount: Int
  let constants: [(row: Int, bits: UInt64, is64: Bool)]
  let specials: [(register: SpecialRegister, row: Int)]
  let constantPredicates: [(index: Int, value: Bool)]
  /// Whether there are products of warpgroups, and with them registers in flight.
  let usesWarpgroups: Bool

  init(_ syntax: KernelSyntax, module: ModuleSyntax) throws {
    name = syntax.name
    parameters = syntax.parameters
    maximumThreads = syntax.maximumThreads
    requiredThreads = syntax.requiredThreads
    symbols = KernelSymbols(kernel: syntax, module: module)
    var decoder = Decoder(kernel: syntax, symbols: symbols)
    var lines: [InstructionSyntax] = []
    for statement in syntax.statements {
      switch statement {
      case .label(let label, _): decoder.labels[label] = Int32(lines.count)
      case .instruction(let instruction): lines.append(instruction)
      }
    }
    var decoded: [Instruction] = []
    for line in lines { decoded.append(try decoder.decode(line)) }
    // What comes behind the last instruction is the end, and labels may stand there.
    decoded.append(
      Instruction(
        operation: .exit, condition: absent, isConditionNegated: false, touched: PoolRange(start: 0, count: 0),
        opcodeClass: .controlFlow))
    code =
      lines.map { CodeLine(line: $0.line, text: $0.text) } + [
        CodeLine(line: lines.last?.line ?? syntax.line, text: "}")
      ]
    count = decoded.count
    instructions = .allocate(capacity: decoded.count)
    instructions.initialize(from: decoded, count: decoded.count)
    pool = .allocate(capacity: max(decoder.pool.count, 1))
    pool.initialize(from: decoder.pool, count: decoder.pool.count)
    let meetings = ControlFlow(decoded).reconvergence()
    reconvergence = .allocate(capacity: decoded.count)
    reconvergence.initialize(from: meetings, count: decoded.count)
    rowCount = Int(decoder.rowCount)
    predicateCount = Int(decoder.predicateCount)
    constants = decoder.constants.map { (Int($0.value), $0.key.bits, $0.key.is64) }
    specials = decoder.specials.map { ($0.key, Int($0.value)) }
    constantPredicates = decoder.constantPredicates.map { (Int($0.value), $0.key) }
    usesWarpgroups = decoded.contains { $0.opcodeClass == .warpgroupProduct }
  }

  deinit {
    instructions.deinitialize(count: count)
    instructions.deallocate()
    pool.deallocate()
    reconvergence.deallocate()
  }
}
