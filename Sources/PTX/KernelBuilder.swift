/// Writes the instructions of one kernel.
///
/// Methods write one instruction each, or few, and return what it computes. Registers are numbered as they are needed;
/// ptxas assigns the real ones.
public final class KernelBuilder {
  public let target: Target
  let parameters: [Parameter]
  private var lines: [String] = []
  /// The opcodes of the instructions so far, in their order.
  private var opcodes: [String] = []
  private(set) var sections: [InstructionSection] = []
  private var depth = 1
  private var registers: [RegisterClass: Int] = [:]
  private var labels = 0
  private var guardText = ""

  /// The name of the memory that the threads of a block share.
  static let sharedMemory = "shared_memory"

  init(target: Target, parameters: [Parameter]) {
    self.target = target
    self.parameters = parameters
  }

  // MARK: Text

  /// A comment on a line of its own.
  public func comment(_ text: String) { line("// " + text) }

  /// One instruction.
  func emit(_ opcode: String, _ operands: String...) {
    let list = operands.isEmpty ? "" : " " + operands.joined(separator: ", ")
    opcodes.append(opcode)
    line(guardText + opcode + list + ";")
  }

  /// Writes a part of the kernel whose instructions are counted by name; parts of the same name are counted together.
  public func section(_ name: String, _ body: () -> Void) {
    let first = opcodes.count
    body()
    sections.append(InstructionSection(name: name, opcodes: Array(opcodes[first...])))
  }

  private func line(_ text: String) { lines.append(String(repeating: "  ", count: depth) + text) }

  func kernelText(name: String, threads: Int) -> String {
    let declarations = RegisterClass.allCases.compactMap { kind in
      registers[kind].map { "  .reg .\(kind.rawValue) \(kind.prefix)<\($0)>;" }
    }
    let list = parameters.map { "  " + $0.declaration }.joined(separator: ",\n")
    return """
      .visible .entry \(name)(
      \(list)
      )
      .maxntid \(threads), 1, 1
      .minnctapersm 1
      {
      \((declarations + [""] + lines + ["  ret;"]).joined(separator: "\n"))
      }
      """
  }

  // MARK: Registers

  private func newName(_ kind: RegisterClass) -> String {
    let number = registers[kind, default: 0]
    registers[kind] = number + 1
    return kind.prefix + "\(number)"
  }

  /// A register that nothing has written.
  func register<Scalar: ScalarType>(_ type: Scalar.Type) -> Value<Scalar> {
    Value(.register(newName(Scalar.registers), of: self))
  }

  /// The name of a predicate's register that nothing has written.
  func newPredicate() -> String { newName(.predicate) }

  /// Writes an instruction and returns its result.
  func compute<Result: ScalarType>(_ opcode: String, _ operands: [any Operand]) -> Value<Result> {
    let result = register(Result.self)
    emit(opcode, ([result.text] + operands.map(\.text)).joined(separator: ", "))
    return result
  }

  /// A register that can be written again and that nothing has written: the results of a product that replaces them.
  public func variable<Scalar: ScalarType>(_ type: Scalar.Type) -> Variable<Scalar> {
    Variable(register: register(Scalar.self), builder: self)
  }

  /// A register that can be written again.
  public func variable<Scalar: ScalarType>(_ start: Value<Scalar>) -> Variable<Scalar> {
    let variable = variable(Scalar.self)
    variable.value = start
    return variable
  }

  // MARK: Control flow

  /// Writes instructions that take effect only where the predicate holds. They must not branch.
  public func predicated(by predicate: Predicate, _ body: () -> Void) {
    precondition(guardText.isEmpty, "an instruction has one guard")
    switch predicate.storage {
    case .constant(true): body()
    case .constant(false): break
    case .register(let name, let isNegated, _):
      guardText = Self.guardText(name, isNegated) + " "
      body()
      guardText = ""
    }
  }

  /// Runs `body` in the threads where the predicate holds.
  public func branch(if predicate: Predicate, _ body: () -> Void) {
    if let truth = predicate.constant {
      if truth { body() }
      return
    }
    let end = newLabel("end")
    jump(to: end, if: !predicate)
    indented(body)
    place(end)
  }

  /// Runs one of two bodies.
  public func branch(if predicate: Predicate, _ body: () -> Void, else alternative: () -> Void) {
    if let truth = predicate.constant {
      if truth { body() } else { alternative() }
      return
    }
    let otherwise = newLabel("else")
    let end = newLabel("end")
    jump(to: otherwise, if: !predicate)
    indented {
      body()
      jump(to: end)
    }
    place(otherwise)
    indented(alternative)
    place(end)
  }

  /// Runs `body` for `start`, `start + step`, … as long as they are less than `end`.
  public func loop<Scalar: IntegerType>(
    from start: Value<Scalar>, to end: Value<Scalar>, step: Value<Scalar> = 1, _ body: (Value<Scalar>) -> Void
  ) {
    let index = variable(start)
    repeatWhile({ index.value .< end }) {
      body(index.value)
      index.value = index.value + step
    }
  }

  /// Runs `body` as long as the condition holds before it.
  public func repeatWhile(_ condition: () -> Predicate, _ body: () -> Void) {
    let begin = newLabel("loop")
    let end = newLabel("end")
    place(begin)
    indented {
      jump(to: end, if: !condition())
      body()
      jump(to: begin)
    }
    place(end)
  }

  /// Tries again until the attempt succeeds: waiting for a barrier.
  func repeatUntil(_ attempt: () -> Predicate) {
    let begin = newLabel("wait")
    place(begin)
    jump(to: begin, if: !attempt())
  }

  private func newLabel(_ purpose: String) -> String {
    labels += 1
    return "$\(purpose)_\(labels)"
  }

  private func place(_ label: String) { line(label + ":") }

  private func jump(to label: String) {
    precondition(guardText.isEmpty, "predicated instructions do not branch")
    emit("bra", label)
  }

  private func jump(to label: String, if predicate: Predicate) {
    predicated(by: predicate) { emit("bra", label) }
  }

  private static func guardText(_ name: String, _ isNegated: Bool) -> String { (isNegated ? "@!" : "@") + name }

  private func indented(_ body: () -> Void) {
    depth += 1
    body()
    depth -= 1
  }

  /// Instructions that the target has to have.
  func require(_ needed: Target, _ instruction: String) {
    precondition(
      needed == .sm80 || target == .sm90a,
      "\(instruction) needs \(needed.rawValue), the module is for \(target.rawValue)")
  }
}
