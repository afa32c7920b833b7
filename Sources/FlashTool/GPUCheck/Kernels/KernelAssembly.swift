import CUDADriver
import FlashAttention

/// What it takes to write a kernel and to have the driver assemble it, and what the assembler says.
struct KernelAssembly {
  let device: CheckedDevice

  /// Writes and loads the kernels of a plan, one that computes and maybe one that merges, and forgets them again.
  func lines(_ variant: KernelVariant) throws -> [CheckLine] {
    let writing = Stopwatch()
    let modules = variant.plan.modules
    let writeSeconds = writing.seconds
    return try modules.enumerated().map { index, module in
      let sharedBytes = index == 0 ? variant.plan.sharedBytesPerBlock : 0
      return try line(module, writeSeconds: writeSeconds, sharedBytes: sharedBytes)
    }
  }

  private func line(
    _ module: CUDAAttentionPlan.Module, writeSeconds: Double, sharedBytes: Int
  ) throws -> CheckLine {
    // A comment that no run had before keeps the driver from finding the text in its cache; then it must find it.
    let text = "\(module.text)\n// \(UInt64.random(in: .min ... .max))\n"
    let source = KernelSource(
      text: text, entry: module.kernel, dynamicSharedBytes: sharedBytes, localMemory: .allowed,
      options: AssemblyOptions(isVerbose: true))
    let (kernel, loadSeconds) = try loaded(source)
    let (_, cachedLoadSeconds) = try loaded(source)
    let isClean = kernel.localBytes == 0
    return CheckLine(
      kind: .kernel, name: module.kernel,
      members: [
        ("write_seconds", .number(writeSeconds)), ("load_seconds", .number(loadSeconds)),
        ("cached_load_seconds", .number(cachedLoadSeconds)), ("registers", .integer(kernel.registers)),
        ("local_bytes", .integer(kernel.localBytes)), ("static_shared_bytes", .integer(kernel.staticSharedBytes)),
        ("dynamic_shared_bytes", .integer(sharedBytes)), ("text_bytes", .integer(text.utf8.count)),
        ("log", .text(kernel.log.information)),
      ],
      text: "\(isClean ? "kernel  " : "SPILLS  ") \(module.kernel): written in \(Seconds.description(writeSeconds)), "
        + "loaded in \(Seconds.description(loadSeconds)), from the cache in "
        + "\(Seconds.description(cachedLoadSeconds)), \(kernel.registers) registers, \(kernel.localBytes) local bytes",
      verdict: .target(name: "no local memory", isMet: isClean))
  }

  private func loaded(_ source: KernelSource) throws -> (kernel: KernelFunction, seconds: Double) {
    let stopwatch = Stopwatch()
    let kernel = try KernelFunction(source, in: device.context)
    return (kernel, stopwatch.seconds)
  }
}
