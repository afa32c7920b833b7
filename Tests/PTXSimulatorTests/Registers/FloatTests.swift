import Testing

@Suite("Floating-point numbers")
struct FloatTests {
  @Test("Minimum and maximum give the number where the other one is NaN, and .NaN keeps it")
  func extremes() throws {
    let rows: [[Float]] = [[1, .nan], [.nan, 2], [1, 2], [-0.0, 0]]
    let maxima = try Elementwise.floats("max.f32 d, a, b;", rows)
    #expect(maxima == [1, 2, 2, 0] && maxima[3].sign == .plus)
    let minima = try Elementwise.floats("min.f32 d, a, b;", rows)
    #expect(minima == [1, 2, 1, 0] && minima[3].sign == .minus)
    #expect(try Elementwise.floats("max.NaN.f32 d, a, b;", rows).map(\.isNaN) == [true, true, false, false])
  }

  @Test("A sum of a product is rounded once")
  func fusedProduct() throws {
    let a: Float = 1 + .ulpOfOne
    #expect(try Elementwise.floats("fma.rn.f32 d, a, b, c;", [[a, a, -1]]) == [Float(-1).addingProduct(a, a)])
    #expect(try Elementwise.floats("mul.rn.f32 d, a, b;", [[a, a]]) == [a * a])
  }

  @Test(
    "Sums are rounded in the direction that the instruction names",
    arguments: [("rz", 1, -1), ("rm", 1, -1.0000001), ("rp", 1.0000001, -1), ("rn", 1, -1)] as [(String, Float, Float)])
  func directions(mode: String, positive: Float, negative: Float) throws {
    let rows: [[Float]] = [[1, 0x1p-26], [-1, -0x1p-26]]
    #expect(try Elementwise.floats("add.\(mode).f32 d, a, b;", rows) == [positive, negative])
  }

  @Test("Subnormal numbers are kept, and are zero with .ftz")
  func subnormals() throws {
    let tiny = Float.leastNormalMagnitude / 4
    #expect(try Elementwise.floats("add.f32 d, a, b;", [[tiny, tiny]]) == [2 * tiny])
    #expect(try Elementwise.floats("add.ftz.f32 d, a, b;", [[tiny, 1], [tiny, tiny]]) == [1, 0])
    #expect(try Elementwise.floats("mul.ftz.f32 d, a, b;", [[Float.leastNormalMagnitude, 0.5]]) == [0])
    #expect(try Elementwise.floats("ex2.approx.ftz.f32 d, a;", [[-130], [3], [-.infinity]]) == [0, 8, 0])
    #expect(try Elementwise.floats("ex2.approx.f32 d, a;", [[-130]]) == [0x1p-130])
  }

  @Test("Functions have their values at the ends of their domains")
  func functions() throws {
    #expect(try Elementwise.floats("lg2.approx.f32 d, a;", [[8], [0], [1]]) == [3, -.infinity, 0])
    #expect(try Elementwise.floats("rcp.approx.f32 d, a;", [[4], [0], [-.infinity]]) == [0.25, .infinity, 0])
    #expect(try Elementwise.floats("rsqrt.approx.f32 d, a;", [[16]]) == [0.25])
    #expect(try Elementwise.floats("sqrt.rn.f32 d, a;", [[9]]) == [3])
    #expect(try Elementwise.floats("tanh.approx.f32 d, a;", [[0], [100], [-100]]) == [0, 1, -1])
    #expect(try Elementwise.floats("div.full.f32 d, a, b;", [[7, 2]]) == [3.5])
    #expect(try Elementwise.floats("add.sat.f32 d, a, b;", [[1, 1], [-1, 0], [.nan, 1]]) == [1, 0, 0])
  }

  @Test("Pairs of halves are computed one by one")
  func pairs() throws {
    func run(_ code: String, _ a: [Float16], _ b: [Float16]) throws -> [Float16] {
      let row = [a, b].map { UInt64($0[0].bitPattern) | UInt64($0[1].bitPattern) << 16 }
      let result = try Elementwise.run(code, result: "b32", operands: ["b32", "b32"], [row])[0]
      return [Float16(bitPattern: UInt16(result & 0xffff)), Float16(bitPattern: UInt16(result >> 16))]
    }
    #expect(try run("add.f16x2 d, a, b;", [1, 2], [0.5, 2048]) == [1.5, 2050])
    #expect(try run("fma.rn.f16x2 d, a, b, a;", [3, 65504], [2, 2]) == [9, .infinity])
    #expect(try run("max.f16x2 d, a, b;", [-1, 4], [2, 3]) == [2, 4])
  }

  @Test("bf16 rounds to eight bits")
  func bfloats() throws {
    let one: UInt64 = 0x3f80
    let small: UInt64 = 0x3b80
    let result = try Elementwise.run(
      "fma.rn.bf16 d, a, b, c;", result: "b16", operands: ["b16", "b16", "b16"],
      [[one, one, small], [one, one, 0x3c00], [one, one, 0x3c40]])
    // 1 + 2⁻⁸ lies half-way and goes to even; 1 + 2⁻⁷ is the next number; 1 + 3 · 2⁻⁸ goes to even upwards.
    #expect(result == [0x3f80, 0x3f81, 0x3f82])
  }

  @Test("Comparisons with NaN hold only where they are unordered")
  func comparisons() throws {
    let rows: [[Float]] = [[1, 2], [2, 2], [.nan, 2]]
    func run(_ relation: String) throws -> [Float] {
      try Elementwise.floats(
        "{ .reg .pred q; setp.\(relation).f32 q, a, b; selp.f32 d, 0f3F800000, 0f00000000, q; }", rows)
    }
    #expect(try run("lt") == [1, 0, 0])
    #expect(try run("ltu") == [1, 0, 1])
    #expect(try run("ne") == [1, 0, 0])
    #expect(try run("neu") == [1, 0, 1])
    #expect(try run("num") == [1, 1, 0])
    #expect(try run("nan") == [0, 0, 1])
  }

  @Test("A comparison may be combined with a predicate, and gives its opposite too")
  func combinations() throws {
    let code = """
      { .reg .pred p; .reg .pred q; .reg .pred r; setp.gt.f32 r, a, 0f00000000;
      setp.lt.and.f32 p|q, a, b, r; selp.f32 d, 0f3F800000, 0f40000000, p; @q add.f32 d, d, 0f41200000; }
      """
    // The opposite is of the comparison alone, and is combined as well.
    #expect(try Elementwise.floats(code, [[1, 2], [3, 2], [-1, 2]]) == [1, 12, 2])
  }
}
