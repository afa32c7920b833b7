// Directives of a module, and what a kernel declares before and between its instructions.
extension Parser {
  mutating func readModule() throws {
    while let token = current {
      switch token.text {
      case ".version":
        _ = try take()
        _ = try take()
      case ".target":
        _ = try take()
        module.target = try takeWord()
        while takeIf(",") { _ = try take() }
      case ".address_size":
        _ = try take()
        let size = try takeCount()
        guard size == 64 else { throw error("addresses of \(size) bits are not supported") }
      case ".visible", ".weak": _ = try take()
      case ".extern":
        _ = try take()
        if isNext(".func") { try skipStatement() }
      case ".entry": try readKernel()
      case ".shared": module.shared.append(try readShared())
      case ".file": skipLine()
      case ".loc": skipLine()
      case ".section": try skipBraces()
      case ".pragma": try skipStatement()
      case ".func": throw error("functions other than kernels are not supported")
      // A kernel that names such a variable fails when it is decoded.
      case ".global", ".const": try skipStatement()
      default: throw error("\(token.text) is not understood here")
      }
    }
  }

  private mutating func readKernel() throws {
    try expect(".entry")
    let line = line
    let name = try takeWord()
    kernel = KernelSyntax(name: name, line: line)
    if takeIf("(") {
      while !takeIf(")") {
        try expect(".param")
        let parameter = try readVariable()
        kernel?.parameters.append(parameter)
        _ = takeIf(",")
      }
    }
    while !isNext("{") {
      switch try takeWord() {
      case ".maxntid":
        let threads = try readProduct()
        kernel?.maximumThreads = threads
      case ".reqntid":
        let threads = try readProduct()
        kernel?.requiredThreads = threads
      case ".minnctapersm", ".maxnctapersm", ".maxnreg", ".maxclusterrank": _ = try takeCount()
      case ".explicitcluster", ".noreturn": break
      case ".reqnctapercluster":
        guard try readProduct() == 1 else { throw error("clusters of several blocks are not supported") }
      case ".pragma": try skipStatement()
      case let other: throw error("\(other) is not understood before a kernel's body")
      }
    }
    try readBlock()
    if let finished = kernel { module.kernels.append(finished) }
    kernel = nil
  }

  private mutating func readProduct() throws -> Int {
    var product = try takeCount()
    while takeIf(",") { product *= try takeCount() }
    return product
  }

  // MARK: Variables

  mutating func readShared() throws -> VariableSyntax {
    try expect(".shared")
    let variable = try readVariable()
    try expect(";")
    return variable
  }

  /// From the alignment or the type on.
  private mutating func readVariable() throws -> VariableSyntax {
    var alignment: Int?
    var isPointer = false
    var elementBytes: Int?
    while let token = current, token.text.hasPrefix(".") {
      let word = try takeWord()
      switch word {
      case ".align":
        // Behind `.ptr` it says where the parameter points to.
        let count = try takeCount()
        if !isPointer { alignment = count }
      case ".ptr": isPointer = true
      case ".global", ".shared", ".const", ".local": break
      default:
        guard let type = PTXType(rawValue: String(word.dropFirst())) else { throw error("\(word) is not a type") }
        if elementBytes == nil { elementBytes = type.byteCount }
      }
    }
    guard let elementBytes else { throw error("a variable has no type") }
    let name = try takeWord()
    var byteCount: Int? = elementBytes
    while takeIf("[") {
      if takeIf("]") {
        byteCount = nil
      } else {
        let count = try takeCount()
        byteCount = byteCount.map { $0 * count }
        try expect("]")
      }
    }
    return VariableSyntax(name: name, alignment: max(alignment ?? 0, elementBytes), byteCount: byteCount)
  }

  mutating func readRegisters() throws {
    try expect(".reg")
    let word = try takeWord()
    guard let type = PTXType(rawValue: String(word.dropFirst())) else { throw error("\(word) is not a type") }
    repeat {
      let name = try takeWord()
      let first = kernel?.registers.count ?? 0
      if takeIf("<") {
        let count = try takeCount()
        try expect(">")
        scopes[scopes.count - 1].declareFamily(name, first: first, count: count)
        for index in 0..<count { kernel?.registers.append(RegisterDeclaration(name: name + "\(index)", type: type)) }
      } else {
        scopes[scopes.count - 1].declare(name, as: RegisterName(number: first))
        kernel?.registers.append(RegisterDeclaration(name: name, type: type))
      }
    } while takeIf(",")
    try expect(";")
  }
}
