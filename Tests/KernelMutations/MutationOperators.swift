import PTXSimulator

/// All mutations of an instruction.
enum MutationOperators {
  static func mutations(of instruction: CodeLine) -> [Mutation] {
    let text = instruction.text
    var guardText = ""
    var rest = Substring(text)
    if text.hasPrefix("@"), let space = text.firstIndex(of: " ") {
      guardText = text[...space] + ""
      rest = text[text.index(after: space)...]
    }
    let opcode = String(rest.prefix { $0 != " " && $0 != ";" })
    if isWithoutEffect(opcode) { return [] }

    var mutations: [Mutation] = []
    func add(_ kind: Mutation.Kind, _ replacement: String?) {
      if replacement == text { return }
      mutations.append(Mutation(line: instruction.line, original: text, replacement: replacement, kind: kind))
    }
    if isLeftOut(opcode) { add(.leftOut, nil) }
    if !guardText.isEmpty && opcode != "bra" { add(.guardRemoved, String(rest)) }
    if opcode.hasPrefix("setp.") {
      for relation in relations where opcode.hasPrefix("setp.\(relation.key).") {
        add(
          .bound,
          guardText + rest.replacing("setp.\(relation.key).", with: "setp.\(relation.value).", maxReplacements: 1))
      }
    }
    let kind: Mutation.Kind = counts.contains { opcode.hasPrefix($0) } ? .count : .constant
    for number in immediates(of: rest, after: opcode.count) {
      let (range, value, isAddress) = number
      let changed = isAddress ? value + 16 : kind == .count && opcode.contains("expect_tx") ? value - 16 : value + 1
      add(isAddress ? .offset : kind, guardText + rest.replacingCharacters(in: range, with: "\(changed)"))
    }
    if opcode.hasPrefix("mbarrier.try_wait.parity"), let comma = rest.lastIndex(of: ",") {
      for parity in ["0", "1"] { add(.count, guardText + rest[...comma] + " \(parity);") }
    }
    if opcode.hasPrefix("barrier."), rest.contains("%r"), let register = rest.firstMatch(of: /%r\d+/) {
      add(.count, guardText + rest.replacingCharacters(in: register.range, with: "7"))
    }
    return mutations
  }

  /// Hints, and the dealing out of registers, which change nothing that a simulator could tell.
  private static func isWithoutEffect(_ opcode: String) -> Bool {
    opcode.hasPrefix("prefetch") || opcode.hasPrefix("setmaxnreg")
  }

  /// Instructions whose loss is not just a register without a value.
  private static func isLeftOut(_ opcode: String) -> Bool {
    let heads = [
      "barrier", "bar", "fence", "mbarrier", "cp", "wgmma", "st", "stmatrix", "red", "mma", "bra", "selp", "max", "min",
    ]
    return heads.contains { opcode == $0 || opcode.hasPrefix($0 + ".") }
  }

  private static let relations = ["lt": "le", "le": "lt", "gt": "ge", "ge": "gt", "eq": "ne", "ne": "eq"]

  /// Instructions whose numbers count something.
  private static let counts = [
    "cp.async.wait_group", "cp.async.bulk.wait_group", "wgmma.wait_group", "mbarrier.init", "mbarrier.arrive",
    "barrier.sync", "barrier.arrive",
  ]

  /// The decimal numbers among the operands: where, which, and whether each is the distance of an address.
  private static func immediates(
    of text: Substring, after start: Int
  ) -> [(range: Range<Substring.Index>, value: Int, isAddress: Bool)] {
    let operands = text.dropFirst(start)
    return operands.matches(of: /(^|[ {\[+,])(-?\d+)(?=[,\]};])/).compactMap { match in
      guard let value = Int(match.output.2), abs(value) < 1 << 40 else { return nil }
      let range = match.output.2.startIndex..<match.output.2.endIndex
      return (range, value, match.output.1 == "+")
    }
  }
}

extension Substring {
  fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
    String(self[startIndex..<range.lowerBound]) + text + String(self[range.upperBound...])
  }
}
