/// One bit that instructions and branches depend on, or a truth that the builder knows.
public struct Predicate {
  enum Storage {
    case register(String, isNegated: Bool, of: KernelBuilder)
    case constant(Bool)
  }

  let storage: Storage

  /// A condition that is known while the text is written.
  public init(_ truth: Bool) { storage = .constant(truth) }

  init(register name: String, isNegated: Bool = false, of builder: KernelBuilder) {
    storage = .register(name, isNegated: isNegated, of: builder)
  }

  /// The truth where it is known while the text is written.
  public var constant: Bool? {
    if case .constant(let truth) = storage { truth } else { nil }
  }

  /// The opposite, which costs nothing.
  public static prefix func ! (predicate: Predicate) -> Predicate {
    switch predicate.storage {
    case .register(let name, let isNegated, let builder):
      Predicate(register: name, isNegated: !isNegated, of: builder)
    case .constant(let truth): Predicate(!truth)
    }
  }

  /// Where both hold.
  public static func .& (a: Predicate, b: Predicate) -> Predicate {
    if let truth = a.constant { return truth ? b : a }
    if let truth = b.constant { return truth ? a : b }
    return combine("and", a, b)
  }

  /// Where either holds.
  public static func .| (a: Predicate, b: Predicate) -> Predicate {
    if let truth = a.constant { return truth ? a : b }
    if let truth = b.constant { return truth ? b : a }
    return combine("or", a, b)
  }

  private static func combine(_ operation: String, _ a: Predicate, _ b: Predicate) -> Predicate {
    let (first, builder) = a.plainRegister
    let (second, _) = b.plainRegister
    let result = builder.newPredicate()
    builder.emit("\(operation).pred", result, first, second)
    return Predicate(register: result, of: builder)
  }

  /// A register that holds the predicate as it is, not its opposite, and the kernel that it belongs to.
  var plainRegister: (name: String, builder: KernelBuilder) {
    guard case .register(let name, let isNegated, let builder) = storage else {
      preconditionFailure("a known truth needs no register")
    }
    guard isNegated else { return (name, builder) }
    let result = builder.newPredicate()
    builder.emit("not.pred", result, name)
    return (result, builder)
  }
}

extension Predicate {
  /// The predicate as an instruction reads it.
  var operand: any Operand {
    switch storage {
    case .constant(let truth): Immediate(truth ? 1 : 0)
    case .register(let name, let isNegated, _): Immediate(text: (isNegated ? "!" : "") + name)
    }
  }

  /// `a` where the predicate holds, else `b`.
  public func select<Scalar: ScalarType>(_ a: Value<Scalar>, else b: Value<Scalar>) -> Value<Scalar> {
    switch storage {
    case .constant(let truth): return truth ? a : b
    case .register(let name, let isNegated, let builder):
      let (first, second) = isNegated ? (b, a) : (a, b)
      let result = builder.register(Scalar.self)
      builder.emit("selp.\(Scalar.registers.rawValue)", result.text, first.text, second.text, name)
      return result
    }
  }
}
