import PTXSimulator
import Testing

@Suite("Lanes of a warp")
struct LaneTests {
  /// What each lane computes into `%r1`.
  private func lanes(_ body: String, mode: Mode = Mode.all[0]) throws -> [UInt32] {
    let kernel = try Kernel(body + "\nmad.wide.u32 %rd2, %r0, 4, %rd1; st.global.b32 [%rd2], %r1;")
    return try kernel.run([0 as UInt32], output: 32, options: mode.options)
  }

  @Test("Shuffles take the value of another lane of the segment, or their own")
  func shuffles() throws {
    #expect(
      try lanes("shfl.sync.bfly.b32 %r1, %r0, 5, 31, 0xffffffff;") == (0..<32).map { UInt32($0 ^ 5) })
    #expect(
      try lanes("shfl.sync.up.b32 %r1, %r0, 3, 0, 0xffffffff;") == (0..<32).map { UInt32($0 < 3 ? $0 : $0 - 3) })
    #expect(
      try lanes("shfl.sync.down.b32 %r1, %r0, 3, 31, 0xffffffff;") == (0..<32).map { UInt32($0 > 28 ? $0 : $0 + 3) })
    // Segments of eight lanes.
    #expect(
      try lanes("shfl.sync.idx.b32 %r1, %r0, 2, 0x181f, 0xffffffff;") == (0..<32).map { UInt32($0 / 8 * 8 + 2) })
    #expect(
      try lanes("shfl.sync.down.b32 %r1, %r0, 4, 0x181f, 0xffffffff;")
        == (0..<32).map { UInt32($0 % 8 < 4 ? $0 + 4 : $0) })
  }

  @Test("A shuffle says whether its lane was in range")
  func ranges() throws {
    let body = "shfl.sync.up.b32 %r2|%p0, %r0, 8, 0, 0xffffffff; selp.b32 %r1, 1, 0, %p0;"
    #expect(try lanes(body) == (0..<32).map { $0 < 8 ? 0 : 1 })
  }

  @Test("Votes, ballots and reductions see all lanes")
  func votes() throws {
    let odd = "and.b32 %r2, %r0, 1; setp.eq.u32 %p0, %r2, 1; "
    #expect(
      try lanes(odd + "vote.sync.ballot.b32 %r1, %p0, 0xffffffff;") == Array(repeating: 0xaaaa_aaaa, count: 32))
    #expect(
      try lanes(odd + "vote.sync.any.pred %p1, %p0, 0xffffffff; selp.b32 %r1, 1, 0, %p1;")
        == Array(repeating: 1, count: 32))
    #expect(
      try lanes(odd + "vote.sync.all.pred %p1, !%p0, 0xffffffff; selp.b32 %r1, 1, 0, %p1;")
        == Array(repeating: 0, count: 32))
    #expect(
      try lanes("redux.sync.add.u32 %r1, %r0, 0xffffffff;") == Array(repeating: 496, count: 32))
    #expect(
      try lanes("shr.u32 %r2, %r0, 3; match.any.sync.b32 %r1, %r2, 0xffffffff;")
        == (0..<32).map { 0xff << UInt32($0 / 8 * 8) })
  }

  @Test("Exactly one lane is elected")
  func elects() throws {
    let elected = try lanes("elect.sync _|%p0, 0xffffffff; selp.b32 %r1, 1, 0, %p0;")
    #expect(elected.reduce(0, +) == 1)
  }

  @Test("Lanes that part meet again, and each has gone its own way", arguments: Mode.all)
  func divergence(mode: Mode) throws {
    // A loop of as many rounds as the lane's number, with a branch inside.
    let body = """
      mov.b32 %r1, 0;
      mov.b32 %r2, 0;
      $loop: setp.ge.u32 %p0, %r2, %r0;
      @%p0 bra $end;
      and.b32 %r3, %r2, 1;
      setp.eq.u32 %p1, %r3, 0;
      @%p1 bra $even;
      add.u32 %r1, %r1, 100;
      bra $next;
      $even: add.u32 %r1, %r1, 1;
      $next: add.u32 %r2, %r2, 1;
      bra $loop;
      $end: shfl.sync.bfly.b32 %r4, %r1, 0, 31, 0xffffffff;
      mov.b32 %r1, %r4;
      """
    let expected = (0..<32).map { lane in (0..<lane).reduce(0 as UInt32) { $0 + ($1 % 2 == 0 ? 1 : 100) } }
    #expect(try lanes(body, mode: mode) == expected)
  }

  @Test("Lanes that have ended are not waited for", arguments: Mode.all)
  func exits(mode: Mode) throws {
    let kernel = try Kernel(
      """
      setp.gt.u32 %p0, %r0, 15;
      @%p0 bra $leave;
      bra $stay;
      $leave: ret;
      $stay: barrier.sync.aligned 0;
      mad.wide.u32 %rd2, %r0, 4, %rd1;
      st.global.b32 [%rd2], %r0;
      """, threads: 64)
    let result: [UInt32] = try kernel.run(
      [0 as UInt32], output: 64, startingFrom: 99, threads: 64, options: mode.options)
    #expect(result == (0..<64).map { $0 < 16 ? UInt32($0) : 99 })
  }
}
