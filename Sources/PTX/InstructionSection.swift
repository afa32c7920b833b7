/// A part of a kernel that was written under a name, to reason about its cost.
///
/// Instructions are counted as they stand in the text: those of a loop once, and those of a branch whether or not it is
/// taken.
public struct InstructionSection: Sendable, Hashable {
  public let name: String
  /// The opcodes with their modifiers, in their order.
  public let opcodes: [String]

  /// The number of instructions whose opcodes begin with one of the given words.
  public func count(of words: String...) -> Int {
    opcodes.count { opcode in words.contains { opcode == $0 || opcode.hasPrefix($0 + ".") } }
  }
}
