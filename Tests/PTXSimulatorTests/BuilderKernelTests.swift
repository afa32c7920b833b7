import PTX
import PTXSimulator
import TestKernels
import Testing

/// The kernels that the builder's own tests write, run to their results.
@Suite("Kernels of the builder")
struct BuilderKernelTests {
  @Test("Numbers are summed", arguments: Mode.all)
  func sum(mode: Mode) throws {
    let program = try PTXProgram(parsing: SumKernel.module(for: .sm80).text)
    let device = SimulatedDevice()
    let numbers = (0..<3000).map { Float($0 % 17) - 4 }
    let input = device.allocate("numbers", copying: numbers, isReadOnly: true)
    let result = device.allocate("result", copying: [0 as Float])
    try device.launch(
      program, kernel: "sum", grid: Dimensions(3), block: Dimensions(SumKernel.threads), sharedBytes: 64,
      arguments: [.pointer(input), .uint32(3000), .pointer(result)], options: mode.options)
    #expect(device.read(Float.self, from: result) == [numbers.reduce(0, +)])
  }

  /// A · Bᵀ, by rows.
  private static func product(_ a: [[Float]], _ b: [[Float]]) -> [Float] {
    var result: [Float] = []
    for row in a {
      for column in b {
        var sum: Float = 0
        for k in 0..<row.count { sum += row[k] * column[k] }
        result.append(sum)
      }
    }
    return result
  }

  private static let small = (a: matrix(64, 96, seed: 11), b: matrix(128, 96, seed: 12))
  private static let smallProduct = product(small.a, small.b)
  private static let deep = (a: matrix(64, 384, seed: 13), b: matrix(128, 384, seed: 14))
  private static let deepProduct = product(deep.a, deep.b)

  private func bits(_ matrix: [[Float]], _ type: HalfType) -> [UInt16] {
    matrix.joined().map { type == .float16 ? HalfFormat.f16.bits($0) : HalfFormat.bf16.bits($0) }
  }

  @Test("A product by warps", arguments: HalfType.allCases, Mode.all)
  func warps(type: HalfType, mode: Mode) throws {
    let program = try PTXProgram(parsing: WarpMatrixKernel.module(type: type).text)
    let (a, b) = Self.small
    let device = SimulatedDevice()
    let c = device.allocate("c", byteCount: 64 * 128 * 4)
    try device.launch(
      program, kernel: program.kernelNames[0], grid: Dimensions(2), block: Dimensions(WarpMatrixKernel.threads),
      sharedBytes: WarpMatrixKernel.sharedBytes,
      arguments: [
        .pointer(device.allocate("a", copying: bits(a, type), isReadOnly: true)),
        .pointer(device.allocate("b", copying: bits(b, type), isReadOnly: true)), .pointer(c), .uint32(128),
        .uint32(96),
      ], options: mode.options)
    #expect(device.read(Float.self, from: c) == Self.smallProduct)
  }

  @Test("A product by a warpgroup, with tiles from bulk copies", arguments: HalfType.allCases, Mode.all)
  func warpgroups(type: HalfType, mode: Mode) throws {
    let program = try PTXProgram(parsing: WarpgroupMatrixKernel.module(type: type).text)
    let (a, b) = Self.deep
    let depth = a[0].count
    let device = SimulatedDevice()
    let element: TensorMapDescription.Element = type == .float16 ? .float16 : .bfloat16
    func map(_ name: String, _ matrix: [[Float]]) throws -> KernelArgument {
      let buffer = device.allocate(name, copying: bits(matrix, type), isReadOnly: true)
      return .tensorMap(
        try TensorMapDescription(
          address: buffer.address, element: element, sizes: [depth, matrix.count], strides: [depth * 2],
          box: [WarpgroupMatrixKernel.depth, matrix.count], swizzle: .bytes128))
    }
    let c = device.allocate("c", byteCount: 64 * 128 * 4)
    let report = try device.launch(
      program, kernel: program.kernelNames[0], grid: Dimensions(1), block: Dimensions(WarpgroupMatrixKernel.threads),
      sharedBytes: WarpgroupMatrixKernel.sharedBytes,
      arguments: [try map("a", a), try map("b", b), .pointer(c), .uint32(128), .uint32(UInt32(depth))],
      options: mode.options)
    #expect(device.read(Float.self, from: c) == Self.deepProduct)
    #expect(report.globalBulkLoadBytes == (64 + 128) * depth * 2)
    #expect(report.instructions[.warpgroupProduct] == 4 * depth / 16)
  }
}
