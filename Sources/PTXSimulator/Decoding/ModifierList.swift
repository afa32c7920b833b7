/// The modifiers of an opcode, of which each has to be understood by someone.
struct ModifierList {
  private var modifiers: [String]

  init(_ modifiers: [String]) { self.modifiers = modifiers }

  func contains(_ modifier: String) -> Bool { modifiers.contains(modifier) }

  /// Removes a modifier, and says whether it was there.
  mutating func take(_ modifier: String) -> Bool {
    guard let index = modifiers.firstIndex(of: modifier) else { return false }
    modifiers.remove(at: index)
    return true
  }

  /// Removes the first modifier that has a meaning to the caller.
  mutating func takeFirst<Meaning>(_ meaning: (String) -> Meaning?) -> Meaning? {
    for (index, modifier) in modifiers.enumerated() {
      if let meaning = meaning(modifier) {
        modifiers.remove(at: index)
        return meaning
      }
    }
    return nil
  }

  /// Removes what changes nothing that a simulator shows, such as how lines are kept in caches.
  mutating func drop(_ names: Set<String>, prefixes: [String] = []) {
    modifiers.removeAll { modifier in
      names.contains(modifier) || prefixes.contains { modifier.hasPrefix($0) }
    }
  }

  /// Removes the first type.
  mutating func takeType() -> PTXType? { takeFirst { PTXType(rawValue: $0) } }

  var remaining: [String] { modifiers }
}
