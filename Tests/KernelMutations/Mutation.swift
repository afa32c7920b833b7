/// One change of one instruction of a kernel's text.
struct Mutation: Sendable {
  /// The line of the text, counted from one.
  let line: Int
  let original: String
  /// What stands there instead; nil where the instruction is left out.
  let replacement: String?
  let kind: Kind

  enum Kind: String, Sendable, CaseIterable {
    /// An instruction that waits, orders, arrives, copies, stores or multiplies is left out.
    case leftOut = "left out"
    /// An address, a distance or a coordinate is off.
    case offset
    /// A wait is for one group fewer, a phase for the other parity, an arrival or a transfer for another count.
    case count
    /// A relation holds at the bound where it did not, or the other way round.
    case bound
    /// A guard is taken away.
    case guardRemoved = "guard removed"
    /// A constant of an arithmetic instruction is off by one.
    case constant
  }

  var description: String {
    replacement.map { "`\(original)` → `\($0)`" } ?? "`\(original)` left out"
  }
}
