import Tensors

/// A kernel on a device, ready to be launched.
///
/// It owns the module that it came from, and is kept until its launches have run: a ``ModuleCache`` does that.
public final class KernelFunction: Sendable {
  /// The context that the kernel was loaded into.
  public let context: CUDAContext

  /// The name of the kernel.
  public let name: String

  /// The parameters that the kernel's text declares.
  public let signature: KernelSignature

  /// Registers of a thread.
  public let registers: Int

  /// Static shared memory of a block, in bytes.
  public let staticSharedBytes: Int

  /// Local memory of a thread, in bytes: register spills and stack.
  public let localBytes: Int

  /// The most threads that a block of the kernel may have.
  public let maximumThreads: Int

  /// The most dynamic shared memory that a launch may ask for, in bytes.
  public let dynamicSharedBytes: Int

  /// What the assembler said.
  public let log: AssemblyLog

  let handle: FunctionHandle
  private let module: LoadedModule

  /// Assembles a kernel and loads it into a context.
  ///
  /// Throws the assembler's log where it refuses the text, and names the limit where the kernel asks for more shared
  /// memory than the device has or has local memory that the source refuses.
  public init(_ source: KernelSource, in context: CUDAContext) throws(AttentionError) {
    let module = try LoadedModule(source, in: context)
    let handle = try module.function(named: source.entry)
    func attribute(_ attribute: FunctionAttribute) throws(AttentionError) -> Int {
      Int(try context.perform { driver throws(DriverFailure) in try driver.attribute(attribute, of: handle) })
    }
    guard let signature = KernelSignature(of: source.entry, in: source.text) else {
      throw .unavailable("kernel \(source.entry)", reason: "its text declares no entry of that name")
    }
    self.context = context
    self.module = module
    self.signature = signature
    self.handle = handle
    name = source.entry
    log = module.log
    registers = try attribute(.registers)
    staticSharedBytes = try attribute(.sharedBytes)
    localBytes = try attribute(.localBytes)
    maximumThreads = try attribute(.maximumThreadsPerBlock)
    dynamicSharedBytes = source.dynamicSharedBytes
    try refuseLocalMemory(source.localMemory)
    try reserveSharedMemory()
  }

  /// Throws where the kernel has local memory and may not.
  private func refuseLocalMemory(_ policy: KernelSource.LocalMemoryPolicy) throws(AttentionError) {
    guard policy == .refused, localBytes > 0 else { return }
    let log = log.information.onOneLine
    throw .unavailable(
      "kernel \(name)",
      reason: "it uses \(localBytes) bytes of local memory a thread, so registers spill or it has a stack"
        + (log.isEmpty ? "" : "; \(log)"))
  }

  /// Opts the kernel in to its dynamic shared memory where it needs more than every block has.
  private func reserveSharedMemory() throws(AttentionError) {
    let device = context.device
    let needed = staticSharedBytes + dynamicSharedBytes
    guard dynamicSharedBytes >= 0, needed <= device.maximumSharedBytesOptIn else {
      throw .unavailable(
        "kernel \(name)",
        reason: "it needs \(needed) bytes of shared memory a block, \(device) has \(device.maximumSharedBytesOptIn)")
    }
    guard needed > device.maximumSharedBytes else { return }
    let bytes = Int32(dynamicSharedBytes)
    try context.perform { driver throws(DriverFailure) in
      try driver.setAttribute(.maximumDynamicSharedBytes, of: handle, to: bytes)
    }
  }
}
