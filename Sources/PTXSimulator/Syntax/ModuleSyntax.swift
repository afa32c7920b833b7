/// A register as it was declared, unique within its kernel.
struct RegisterName: Hashable {
  let number: Int
}

/// A declared register.
struct RegisterDeclaration {
  let name: String
  let type: PTXType
}

/// What an instruction names behind its opcode.
indirect enum OperandSyntax {
  case register(RegisterName)
  /// A register with an exclamation mark before it.
  case negated(RegisterName)
  /// A special register such as `%tid.x`.
  case special(String)
  case integer(Int64)
  /// A literal of fp32 by its bits.
  case float(UInt32)
  /// A literal of fp64.
  case double(Double)
  /// The address of a variable, or a label.
  case symbol(String)
  case vector([OperandSyntax])
  /// A base and a constant distance from it.
  case address(OperandSyntax, Int64)
  /// A tensor map and coordinates within the tensor.
  case tensor(OperandSyntax, [OperandSyntax])
  /// Two results, as in `%p1|%p2`.
  case pair(OperandSyntax, OperandSyntax)
  /// A result that is not wanted.
  case sink
}

/// The guard of an instruction.
struct GuardSyntax {
  let register: RegisterName
  let isNegated: Bool
}

/// One instruction as it was written.
struct InstructionSyntax {
  /// The line of its first word, counted from one.
  let line: Int
  /// From the guard to before the semicolon, in one line.
  let text: String
  let condition: GuardSyntax?
  let opcode: String
  /// Without dots, in the order they were written.
  let modifiers: [String]
  let operands: [OperandSyntax]
}

/// A piece of a kernel's body.
enum StatementSyntax {
  case label(String, line: Int)
  case instruction(InstructionSyntax)
}

/// A variable in memory.
struct VariableSyntax {
  let name: String
  let alignment: Int
  /// Nil for what the launch sizes.
  let byteCount: Int?
}

/// A kernel as it was written.
struct KernelSyntax {
  let name: String
  let line: Int
  var parameters: [VariableSyntax] = []
  /// The number of threads that a block may have at most, where the text says so.
  var maximumThreads: Int?
  /// The number of threads that a block must have, where the text says so.
  var requiredThreads: Int?
  var registers: [RegisterDeclaration] = []
  var shared: [VariableSyntax] = []
  var statements: [StatementSyntax] = []
}

/// A module as it was written.
struct ModuleSyntax {
  var target = ""
  var kernels: [KernelSyntax] = []
  /// Variables in shared memory that all kernels see.
  var shared: [VariableSyntax] = []
}

extension KernelSyntax {
  /// Gives the labels of a scope that has just ended names that no other scope has: the same label may stand in
  /// several.
  mutating func makeLabelsUnique(from start: Int) {
    var names: [String: String] = [:]
    for (index, statement) in statements[start...].enumerated() {
      guard case .label(let name, let line) = statement, !name.contains("#") else { continue }
      names[name] = "\(name)#\(start + index)"
      statements[start + index] = .label("\(name)#\(start + index)", line: line)
    }
    guard !names.isEmpty else { return }
    for index in start..<statements.count {
      guard case .instruction(let old) = statements[index], old.opcode == "bra",
        case .symbol(let name)? = old.operands.first,
        let unique = names[name]
      else { continue }
      statements[index] = .instruction(
        InstructionSyntax(
          line: old.line, text: old.text, condition: old.condition, opcode: old.opcode, modifiers: old.modifiers,
          operands: [.symbol(unique)]))
    }
  }
}
