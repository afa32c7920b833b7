/// The registers that a pair of braces declares.
struct RegisterScope {
  /// Registers that are declared one by one.
  private var single: [String: RegisterName] = [:]
  /// Registers `%r0` to `%r<count − 1>` by what their names begin with.
  private var families: [String: Family] = [:]

  private struct Family {
    let first: Int
    let count: Int
  }

  mutating func declare(_ name: String, as register: RegisterName) { single[name] = register }

  mutating func declareFamily(_ prefix: String, first: Int, count: Int) {
    families[prefix] = Family(first: first, count: count)
  }

  subscript(name: String) -> RegisterName? {
    if let register = single[name] { return register }
    let prefix = name[..<(name.lastIndex { !$0.isNumber }.map { name.index(after: $0) } ?? name.startIndex)]
    guard let family = families[String(prefix)], let index = Int(name[prefix.endIndex...]), index < family.count else {
      return nil
    }
    return RegisterName(number: family.first + index)
  }
}
