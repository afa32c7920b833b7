/// A kernel before it is assembled: its PTX text and what it needs of the device.
public struct KernelSource: Hashable, Sendable {
  /// The text of the module.
  public var text: String

  /// The name of the kernel in it.
  public var entry: String

  /// The dynamic shared memory that a launch of the kernel may ask for, in bytes.
  public var dynamicSharedBytes: Int

  /// What to do when the assembler gave the kernel local memory.
  public var localMemory: LocalMemoryPolicy

  /// How the text is assembled.
  public var options: AssemblyOptions

  /// Whether a local memory of more than 0 bytes, so a register spill or a stack, is an error.
  public enum LocalMemoryPolicy: Hashable, Sendable {
    case refused
    case allowed
  }

  public init(
    text: String, entry: String, dynamicSharedBytes: Int = 0, localMemory: LocalMemoryPolicy = .refused,
    options: AssemblyOptions = AssemblyOptions()
  ) {
    self.text = text
    self.entry = entry
    self.dynamicSharedBytes = dynamicSharedBytes
    self.localMemory = localMemory
    self.options = options
  }
}
