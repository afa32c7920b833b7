import Testing

@Suite("Integers")
struct IntegerTests {
  static let samples: [UInt32] = [0, 1, 7, 31, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1234_5678, 0xdead_beef]
  static let pairs = samples.flatMap { a in samples.map { [a, $0] } }

  private func check(_ code: String, _ expected: (UInt32, UInt32) -> UInt32) throws {
    let results = try Elementwise.words(code, Self.pairs)
    for (pair, result) in zip(Self.pairs, results) {
      #expect(result == expected(pair[0], pair[1]), "\(code) of \(pair)")
    }
  }

  @Test("Sums, differences and products wrap around")
  func arithmetic() throws {
    try check("add.s32 d, a, b;") { $0 &+ $1 }
    try check("sub.u32 d, a, b;") { $0 &- $1 }
    try check("mul.lo.s32 d, a, b;") { $0 &* $1 }
    try check("mul.hi.u32 d, a, b;") { UInt32((UInt64($0) * UInt64($1)) >> 32) }
    try check("mul.hi.s32 d, a, b;") { a, b in
      UInt32(truncatingIfNeeded: (Int64(Int32(bitPattern: a)) * Int64(Int32(bitPattern: b))) >> 32)
    }
    try check("mad.lo.u32 d, a, b, a;") { $0 &* $1 &+ $0 }
  }

  @Test("Minima and maxima have a sign where the type has one")
  func extremes() throws {
    try check("min.s32 d, a, b;") { UInt32(bitPattern: min(Int32(bitPattern: $0), Int32(bitPattern: $1))) }
    try check("max.u32 d, a, b;") { max($0, $1) }
    try check("abs.s32 d, a;") { a, _ in Int32(bitPattern: a) < 0 ? 0 &- a : a }
  }

  @Test("Quotients round towards zero, and remainders keep the sign of the dividend")
  func division() throws {
    let rows: [[UInt32]] = [[7, 2], [0xffff_fff9, 2], [7, 0xffff_fffe], [0xffff_fff9, 0xffff_fffe]]
    #expect(try Elementwise.words("div.s32 d, a, b;", rows).map { Int32(bitPattern: $0) } == [3, -3, -3, 3])
    #expect(try Elementwise.words("rem.s32 d, a, b;", rows).map { Int32(bitPattern: $0) } == [1, -1, 1, -1])
    #expect(try Elementwise.words("div.u32 d, a, b;", [[0xffff_ffff, 10]]) == [429_496_729])
  }

  @Test("Shifts by the width or more shift everything out")
  func shifts() throws {
    try check("shl.b32 d, a, b;") { $1 > 31 ? 0 : $0 << $1 }
    try check("shr.u32 d, a, b;") { $1 > 31 ? 0 : $0 >> $1 }
    try check("shr.s32 d, a, b;") { UInt32(bitPattern: Int32(bitPattern: $0) >> Int32(min($1, 31))) }
    try check("shf.l.wrap.b32 d, a, b, 8;") { $1 << 8 | $0 >> 24 }
    try check("shf.r.clamp.b32 d, a, b, 40;") { _, b in b }
  }

  @Test("Bits are counted, found, reversed and looked up")
  func bits() throws {
    try check("popc.b32 d, a;") { a, _ in UInt32(a.nonzeroBitCount) }
    try check("clz.b32 d, a;") { a, _ in UInt32(a.leadingZeroBitCount) }
    try check("brev.b32 d, a;") { a, _ in (0..<32).reduce(0) { $0 | (a >> $1 & 1) << (31 - $1) } }
    try check("lop3.b32 d, a, b, a, 0x96;") { $0 ^ $1 ^ $0 }
    try check("lop3.b32 d, a, b, 0xff00ff00, 0xca;") { $0 & $1 | ~$0 & 0xff00_ff00 }
    #expect(try Elementwise.words("bfind.u32 d, a;", [[0], [1], [0x8000_0000]]) == [0xffff_ffff, 0, 31])
  }

  @Test("Fields are taken out, with their sign, and put in")
  func fields() throws {
    let rows: [[UInt32]] = [[0x0000_00f0, 4, 4], [0x0000_00f0, 4, 0], [0x8000_0000, 28, 8], [0x1234_5678, 8, 12]]
    #expect(try Elementwise.words("bfe.u32 d, a, b, c;", rows) == [0xf, 0, 8, 0x456])
    #expect(try Elementwise.words("bfe.s32 d, a, b, c;", rows) == [0xffff_ffff, 0, 0xffff_fff8, 0x456])
    #expect(
      try Elementwise.words("bfi.b32 d, a, b, c, e;", [[0xab, 0x1234_5678, 8, 8], [0xab, 0x1234_5678, 32, 8]])
        == [0x1234_ab78, 0x1234_5678])
  }

  @Test("Bytes are chosen by digits, and their signs by the highest bit of a digit")
  func bytePermutation() throws {
    let rows: [[UInt32]] = [[0x0302_0100, 0x8786_8584, 0x7531], [0x0302_0100, 0x8786_8584, 0xf08f]]
    #expect(try Elementwise.words("prmt.b32 d, a, b, c;", rows) == [0x8785_0301, 0xff00_00ff])
  }

  @Test("Registers of 16 and 64 bits have their own width")
  func widths() throws {
    let wide = try Elementwise.run(
      "mul.wide.s32 d, a, b;", result: "b64", operands: ["b32", "b32"], [[0xffff_ffff, 5], [0x7fff_ffff, 4]])
    #expect(wide == [UInt64(bitPattern: -5), 0x1_ffff_fffc])
    let high = try Elementwise.run(
      "mul.hi.u64 d, a, b;", result: "b64", operands: ["b64", "b64"], [[.max, 3], [1 << 63, 6]])
    #expect(high == [2, 3])
    let short = try Elementwise.run(
      "add.s16 d, a, b;", result: "b16", operands: ["b16", "b16"], [[0xffff, 2], [0x7fff, 1]])
    #expect(short == [1, 0x8000])
    let signed = try Elementwise.run("shr.s16 d, a, 4;", result: "b16", operands: ["b16"], [[0x8000]])
    #expect(signed == [0xf800])
  }
}
