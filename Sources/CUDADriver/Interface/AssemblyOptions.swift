/// What the driver's assembler is asked to do with PTX text.
public struct AssemblyOptions: Hashable, Sendable {
  /// The most registers that a thread may use, or nil for what the text says.
  public var maximumRegisters: Int?

  /// Whether the assembler reports registers and spills in its information log.
  public var isVerbose: Bool

  /// Whether the machine code carries line numbers for profilers.
  public var hasLineInformation: Bool

  public init(maximumRegisters: Int? = nil, isVerbose: Bool = false, hasLineInformation: Bool = false) {
    self.maximumRegisters = maximumRegisters
    self.isVerbose = isVerbose
    self.hasLineInformation = hasLineInformation
  }
}

/// What the driver's assembler said while it assembled PTX text.
public struct AssemblyLog: Hashable, Sendable {
  /// Registers, spills and advice; empty where the assembler had nothing to say.
  public var information: String

  /// Why the text was refused; empty where it was not.
  public var errors: String

  public init(information: String = "", errors: String = "") {
    self.information = information
    self.errors = errors
  }
}
