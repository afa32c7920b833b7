import PTX
import PTXAssembler
import TestKernels
import Testing

@Suite("ptxas takes the text", .enabled(if: Assembler.installed != nil, "ptxas is not installed"))
struct AssemblerTests {
  static let modules: [(name: String, module: Module)] =
    Target.allCases.map { ("sum for \($0.rawValue)", SumKernel.module(for: $0)) }
    + HalfType.allCases.flatMap {
      [
        ("matrices by warps, \($0.rawValue)", WarpMatrixKernel.module(type: $0)),
        ("matrices by warpgroups, \($0.rawValue)", WarpgroupMatrixKernel.module(type: $0)),
      ]
    }

  @Test("Kernels are accepted, keep everything in registers and do not serialise", arguments: modules.indices)
  func kernels(index: Int) throws {
    let report = try #require(Assembler.installed).assemble(Self.modules[index].module)
    #expect(report.isClean, "\(Self.modules[index].name): \(report.text)")
  }
}
