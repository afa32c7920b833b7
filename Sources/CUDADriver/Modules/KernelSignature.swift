/// The parameters of a kernel as its PTX text declares them.
///
/// The driver reads as many bytes of each argument as the text declares and has no way to see what it was given; so a
/// launch is held against the text when it is prepared.
public struct KernelSignature: Hashable, Sendable {
  public let parameters: [Parameter]

  /// One parameter of a kernel.
  public struct Parameter: Hashable, Sendable {
    public let name: String
    public let byteCount: Int
    public let alignment: Int
  }

  /// The signature of the kernel of that name, or nil where the text declares none.
  public init?(of name: String, in text: String) {
    for entry in text.withoutLineComments.split(separator: ".entry", omittingEmptySubsequences: false).dropFirst() {
      let rest = entry.drop(while: \.isWhitespace)
      let found = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "$" }
      guard found == name else { continue }
      let tail = rest.dropFirst(found.count).drop(while: \.isWhitespace)
      guard tail.first == "(" else {
        parameters = []
        return
      }
      parameters = tail.dropFirst().prefix { $0 != ")" }.split(separator: ",").compactMap(Parameter.init)
      return
    }
    return nil
  }
}

extension KernelSignature.Parameter {
  /// The parameter that a declaration such as `.param .align 64 .b8 map[128]` makes (PTX ISA, kernel function
  /// parameters).
  fileprivate init?(_ declaration: Substring) {
    let words = declaration.split(whereSeparator: \.isWhitespace)
    guard let position = words.firstIndex(where: { Self.width(of: $0) != nil }),
      let width = Self.width(of: words[position]), let declared = words.last
    else { return nil }
    let pieces = declared.split(whereSeparator: { $0 == "[" || $0 == "]" })
    guard let name = pieces.first else { return nil }
    self.name = String(name)
    byteCount = width * (pieces.count > 1 ? Int(pieces[1]) ?? 1 : 1)
    // An alignment before the type is the parameter's own; one after it is that of the memory it points to.
    let own = words[..<position].firstIndex(of: ".align").flatMap { Int(words[$0 + 1]) }
    alignment = own ?? width
  }

  /// The bytes of a fundamental type such as `.u64`.
  private static func width(of word: Substring) -> Int? {
    guard word.first == ".", let kind = word.dropFirst().first, "usfb".contains(kind),
      let bits = Int(word.dropFirst(2)), bits >= 8
    else { return nil }
    return bits / 8
  }
}

extension String {
  /// The text without what follows `//` on each line.
  fileprivate var withoutLineComments: String {
    guard contains("//") else { return self }
    return split(separator: "\n").map { $0.split(separator: "//", omittingEmptySubsequences: false)[0] }
      .joined(separator: "\n")
  }
}
