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

  /// A driver assembles them for the device that it has. That can take more registers than the device that they are
  /// written for.
  @Test(
    "Kernels of single warps keep everything in registers on later devices", arguments: ["sm_90", "sm_100", "sm_120"])
  func laterDevices(architecture: String) async throws {
    let assembler = try #require(Assembler.installed)
    let kernels = ForwardVariants.all.map(\.choice.kernel).filter { $0.tile.target == .sm80 }
    #expect(!kernels.isEmpty)
    try await withThrowingTaskGroup { group in
      for kernel in kernels {
        group.addTask {
          let report = try assembler.assemble(kernel.module, for: architecture)
          #expect(report.isClean, "\(kernel.name): \(report.text)")
        }
      }
      try await group.waitForAll()
    }
  }

  /// Otherwise the tensor cores wait for the exponentials of their own warpgroup. In the text they are between; it is
  /// the assembler that may move them.
  @Test("The softmax of a step runs between the beginning and the end of the products beside it")
  func overlap() throws {
    let assembler = try #require(Assembler.installed)
    let kernels = ForwardVariants.all.map(\.choice.kernel).filter { kernel -> Bool in
      guard kernel.tile.target == .sm90a, kernel.keyParts == .whole, kernel.element == .bfloat16 else { return false }
      return [64, 128, 256].contains(kernel.headDimension) && !kernel.isMasked
    }
    #expect(!kernels.isEmpty)
    for kernel in kernels {
      let code = try assembler.machineCode(of: kernel.module)
      let scoresDone = try #require(code.firstIndex { $0.contains("WARPGROUP.DEPBAR.LE gsb0, 0x1") }, "\(kernel.name)")
      let outputDone = try #require(
        code[scoresDone...].firstIndex { $0.contains("WARPGROUP.DEPBAR.LE gsb0, 0x0") }, "\(kernel.name)")
      let exponentials = code[scoresDone..<outputDone].count { $0.contains("MUFU.EX2") }
      // Each thread holds half a row of scores twice.
      #expect(exponentials >= kernel.tile.keys / 2, "\(kernel.name): \(exponentials) exponentials")
    }
  }

  @Test("The kernel that merges parts is accepted", arguments: HalfType.allCases)
  func combine(type: HalfType) throws {
    for access in [ForwardKernel.RowAccess.chunks(bytes: 16), .elements] {
      let kernel = CombineKernel(element: type, valueDimension: 72, access: access)
      let report = try #require(Assembler.installed).assemble(kernel.module)
      #expect(report.isClean, "\(report.text)")
    }
  }
}
