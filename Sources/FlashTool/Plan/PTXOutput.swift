import ArgumentParser
import FlashAttention

/// The value of `--emit-ptx`: where the text of a plan's kernels goes.
enum PTXOutput: Equatable {
  case standardOutput
  case file(String)

  /// Writes the text that the driver would assemble. A file holds one module; the kernel that merges parts goes into a
  /// file beside it.
  func write(_ plan: CUDAAttentionPlan) throws {
    let modules = plan.modules
    switch self {
    case .standardOutput:
      try StandardOutput.write(plan.ptx)
    case .file(let path):
      let paths = [path, Self.pathOfCombine(path)]
      for (path, module) in zip(paths, modules) { try TextFile.write(module.text, to: path) }
    }
  }

  /// `k.ptx` becomes `k.combine.ptx`.
  static func pathOfCombine(_ path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard let point = name.lastIndex(of: "."), point > name.startIndex else { return path + ".combine" }
    return path[..<point] + ".combine" + path[point...]
  }
}

extension PTXOutput: ExpressibleByArgument {
  init?(argument: String) {
    if argument.isEmpty { return nil }
    self = argument == "-" ? .standardOutput : .file(argument)
  }
}
