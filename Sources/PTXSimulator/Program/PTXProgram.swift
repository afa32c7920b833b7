/// A module of kernels that ``SimulatedDevice`` can run.
public struct PTXProgram: Sendable {
  /// The text that was read.
  public let text: String
  /// The architecture that the module is written for.
  public let target: String
  /// Every instruction of every kernel, in the order of the text.
  public let instructions: [CodeLine]
  private let kernels: [String: DecodedKernel]

  /// Reads and decodes the text of a module. Whatever is not understood is an error, even where no launch would reach
  /// it.
  public init(parsing text: String) throws {
    self.text = text
    let module = try Parser.module(text)
    target = module.target
    var kernels: [String: DecodedKernel] = [:]
    var instructions: [CodeLine] = []
    for syntax in module.kernels {
      let kernel = try DecodedKernel(syntax, module: module)
      kernels[syntax.name] = kernel
      instructions += kernel.code.dropLast()
    }
    self.kernels = kernels
    self.instructions = instructions
  }

  /// The names of all kernels.
  public var kernelNames: [String] { kernels.keys.sorted() }

  /// The text with one line changed, or taken out: what tests of tests run.
  ///
  /// - Parameters:
  ///   - line: Counted from one, as in ``CodeLine/line``.
  ///   - replacement: The new line; nil leaves an empty one, so that other lines keep their numbers.
  public static func mutating(_ text: String, line: Int, to replacement: String?) -> String {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1) else { return text }
    lines[line - 1] = replacement.map { $0[...] } ?? ""
    return lines.joined(separator: "\n")
  }

  func kernel(_ name: String) throws -> DecodedKernel {
    guard let kernel = kernels[name] else {
      throw SimulationError.invalidLaunch("no kernel \(name), there are \(kernelNames.joined(separator: ", "))")
    }
    return kernel
  }
}
