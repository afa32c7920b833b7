import Testing

@Suite("Conversions")
struct ConversionTests {
  private func convert(_ code: String, _ result: String, _ operand: String, _ values: [UInt64]) throws -> [UInt64] {
    try Elementwise.run(code, result: result, operands: [operand], values.map { [$0] })
  }

  private func bits(_ numbers: [Float]) -> [UInt64] { numbers.map { UInt64($0.bitPattern) } }

  @Test(
    "fp32 becomes an integer by the named rounding",
    arguments: [
      ("rni", [2, 2, -2, -3]), ("rzi", [2, 1, -2, -2]), ("rmi", [2, 1, -3, -3]), ("rpi", [3, 2, -2, -2]),
    ] as [(String, [Int32])])
  func integers(mode: String, expected: [Int32]) throws {
    let result = try convert("cvt.\(mode).s32.f32 d, a;", "b32", "f32", bits([2.5, 1.75, -2.5, -2.75]))
    #expect(result.map { Int32(truncatingIfNeeded: $0) } == expected)
  }

  @Test("Integers out of range are clamped, and NaN is zero")
  func clamping() throws {
    let numbers = bits([3e9, -3e9, .nan, .infinity])
    #expect(try convert("cvt.rzi.s32.f32 d, a;", "b32", "f32", numbers) == [0x7fff_ffff, 0x8000_0000, 0, 0x7fff_ffff])
    #expect(try convert("cvt.rzi.u32.f32 d, a;", "b32", "f32", numbers) == [3_000_000_000, 0, 0, 0xffff_ffff])
    #expect(try convert("cvt.sat.s8.s32 d, a;", "b32", "b32", [300, 0xffff_ff00, 5]) == [127, 0xffff_ff80, 5])
  }

  @Test("Integers are extended by their sign, and cut off")
  func widths() throws {
    #expect(try convert("cvt.s64.s32 d, a;", "b64", "b32", [0xffff_ffff]) == [.max])
    #expect(try convert("cvt.u64.u32 d, a;", "b64", "b32", [0xffff_ffff]) == [0xffff_ffff])
    #expect(try convert("cvt.u32.u64 d, a;", "b32", "b64", [0x1_2345_6789]) == [0x2345_6789])
    #expect(try convert("cvt.s32.s8 d, a;", "b32", "b32", [0x1ff]) == [0xffff_ffff])
    #expect(try convert("cvt.u16.u32 d, a;", "b16", "b32", [0x12345]) == [0x2345])
  }

  @Test("Integers become the nearest number of fp32")
  func numbers() throws {
    #expect(try convert("cvt.rn.f32.s32 d, a;", "f32", "b32", [16_777_217, 0xffff_ffff]) == bits([16_777_216, -1]))
    #expect(try convert("cvt.rn.f32.u64 d, a;", "f32", "b64", [.max]) == bits([18_446_744_073_709_551_616]))
    // One more than half-way between two numbers, which fp64 cannot tell from half-way.
    #expect(try convert("cvt.rn.f32.u64 d, a;", "f32", "b64", [1 << 62 | 1 << 38 | 1]) == bits([Float(1 << 62).nextUp]))
    #expect(try convert("cvt.rz.f32.u32 d, a;", "f32", "b32", [0xffff_ffff]) == bits([4_294_967_040]))
  }

  @Test("fp32 becomes fp16 to nearest even, to infinity, and to subnormal numbers")
  func halves() throws {
    let numbers: [Float] = [
      1, -2.5, 65504, 65520, 65519, 1e9, -1e9, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-14, 1.00048828125, 1.00146484375,
      .infinity, 0, -0.0,
    ]
    let result = try convert("cvt.rn.f16.f32 d, a;", "b16", "f32", bits(numbers))
    #expect(result == numbers.map { UInt64(Float16($0).bitPattern) })
    #expect(try convert("cvt.rn.f16.f32 d, a;", "b16", "f32", bits([.nan])) == [0x7fff])
    #expect(
      try convert("cvt.rz.f16.f32 d, a;", "b16", "f32", bits([1e9, 1.999999, -1.999999])) == [0x7bff, 0x3fff, 0xbfff])
  }

  @Test("fp16 becomes fp32 exactly", arguments: [0, 0x0400, 0x3c00, 0x7800, 0x8000, 0xf800] as [UInt64])
  func halvesBack(first: UInt64) throws {
    let values = (0..<1024).map { first + $0 }
    let result = try convert("cvt.f32.f16 d, a;", "f32", "b16", values)
    #expect(result == values.map { UInt64(Float(Float16(bitPattern: UInt16($0))).bitPattern) })
  }

  @Test("Infinities of fp16 stay what they are")
  func infinities() throws {
    #expect(try convert("cvt.f32.f16 d, a;", "f32", "b16", [0x7c00, 0xfc00]) == bits([.infinity, -.infinity]))
  }

  @Test("bf16 is the upper half of fp32, rounded")
  func bfloats() throws {
    let numbers: [UInt64] = [0x3f80_8000, 0x3f81_8000, 0x3f80_8001, 0x7f7f_ffff, 0x0000_8000, 0x0001_8000, 0xff80_0000]
    let expected: [UInt64] = [0x3f80, 0x3f82, 0x3f81, 0x7f80, 0x0000, 0x0002, 0xff80]
    #expect(try convert("cvt.rn.bf16.f32 d, a;", "b16", "f32", numbers) == expected)
    #expect(try convert("cvt.f32.bf16 d, a;", "f32", "b16", [0x3fc0]) == bits([1.5]))
  }

  @Test("tf32 keeps ten bits, half-way away from zero")
  func tf32() throws {
    let result = try convert("cvt.rna.tf32.f32 d, a;", "b32", "f32", [0x3f80_1000, 0x3f80_0fff, 0xbf80_1000])
    #expect(result == [0x3f80_2000, 0x3f80_0000, 0xbf80_2000])
  }

  @Test("A pair has its first number in the high half")
  func pairs() throws {
    let row = bits([1, -2])
    #expect(
      try Elementwise.run("cvt.rn.bf16x2.f32 d, a, b;", result: "b32", operands: ["f32", "f32"], [row]) == [0x3f80_c000]
    )
    #expect(
      try Elementwise.run("cvt.rn.relu.f16x2.f32 d, a, b;", result: "b32", operands: ["f32", "f32"], [row]) == [
        0x3c00_0000
      ])
  }

  @Test("Registers are packed and unpacked from the lowest bits up")
  func packing() throws {
    let code = "{ .reg .b16 x; .reg .b16 y; mov.b32 {x, y}, a; mov.b32 d, {y, x}; }"
    #expect(try convert(code, "b32", "b32", [0x1234_5678]) == [0x5678_1234])
    #expect(try convert("mov.b64 {d, _}, a;", "b32", "b64", [0x1_0000_0002]) == [2])
    #expect(try convert("mov.b64 d, {a, a};", "b64", "b32", [7]) == [0x7_0000_0007])
  }
}
