import CUDAKernels
import Foundation
import PTX
import PTXAssembler
import Testing

@Suite("ptxas takes every kernel", .enabled(if: Assembler.installed != nil, "ptxas is not installed"))
struct AssembledKernelTests {
  /// What is recorded of a kernel, so that a change of it shows in a review.
  private static func record(_ kernel: ForwardKernel, _ report: Assembler.Report) -> String {
    let tile = "\(kernel.tile.rows) × \(kernel.tile.keys), \(kernel.tile.threads) threads"
    return "\(kernel.name)\t\(tile)\t\(report.registers)\t\(kernel.sharedBytes)\t\(kernel.module.instructionCount)"
  }

  private static let table = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "kernels.tsv")

  @Test("Kernels keep everything in registers, do not serialise, and are as recorded in kernels.tsv")
  func forward() async throws {
    let assembler = try #require(Assembler.installed)
    let records = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for (index, variant) in ForwardVariants.all.enumerated() {
        group.addTask {
          let kernel = variant.choice.kernel
          let report = try assembler.assemble(kernel.module)
          #expect(report.isClean, "\(kernel.name): \(report.text)")
          return (index, Self.record(kernel, report))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let text = (["kernel\ttile\tregisters\tshared bytes\tinstructions"] + records).joined(separator: "\n") + "\n"
    if ProcessInfo.processInfo.environment["UPDATE_KERNEL_TABLE"] != nil {
      try text.write(to: Self.table, atomically: true, encoding: .utf8)
    }
    let recorded = try String(contentsOf: Self.table, encoding: .utf8)
    let difference = text.split(separator: "\n").filter { !recorded.contains($0) }
    #expect(
      text == recorded, "run with UPDATE_KERNEL_TABLE=1 where this is meant: \(difference.joined(separator: "; "))")
  }

  @Test("No kernel asks for more shared memory than its device has", arguments: GPUTraits.named.map(\.name))
  func sharedMemory(device: String) throws {
    let traits = try #require(GPUTraits.named.first { $0.name == device }).traits
    for variant in ForwardVariants.all where variant.device == device || variant.choice.kernel.tile.target == .sm80 {
      #expect(variant.choice.kernel.sharedBytes <= traits.sharedBytesPerBlock, "\(variant.choice.kernel.name)")
    }
  }

  @Test("The kernel that merges parts is accepted", arguments: HalfType.allCases)
  func combine(type: HalfType) throws {
    for access in [ForwardKernel.RowAccess.chunks(bytes: 16), .elements] {
      let kernel = CombineKernel(target: .sm80, element: type, valueDimension: 72, access: access)
      let report = try #require(Assembler.installed).assemble(kernel.module)
      #expect(report.isClean, "\(report.text)")
    }
  }
}
