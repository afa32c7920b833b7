import Testing

/// Bugs of threads that share memory.
@Suite("Bugs of threads are caught")
struct ThreadBugTests {
  private static let exchange = """
    mov.u32 %r1, shared;
    mad.lo.u32 %r2, %r0, 4, %r1;
    st.shared.b32 [%r2], %r0;
    bar.sync 0;
    xor.b32 %r3, %r0, 32;
    mad.lo.u32 %r4, %r3, 4, %r1;
    ld.shared.b32 %r5, [%r4];
    mad.wide.u32 %rd2, %r0, 4, %rd1;
    st.global.b32 [%rd2], %r5;
    """

  private static let withinWarp = exchange.replacing("bar.sync 0;", with: "bar.warp.sync 0xffffffff;")
    .replacing("xor.b32 %r3, %r0, 32;", with: "xor.b32 %r3, %r0, 1;")

  private static let overwritten =
    exchange + """

      bar.sync 0; // before the next round
      st.shared.b32 [%r2], %r5;
      """

  private static let partial = """
    mov.u32 %r1, shared;
    setp.ge.u32 %p0, %r0, 32;
    @%p0 bra $consumer;
    mad.lo.u32 %r2, %r0, 4, %r1;
    st.shared.b32 [%r2], %r0;
    barrier.arrive.aligned 3, 64;
    bra $end;
    $consumer: barrier.sync.aligned 3, 64;
    sub.u32 %r3, %r0, 32;
    mad.lo.u32 %r2, %r3, 4, %r1;
    ld.shared.b32 %r5, [%r2];
    mad.wide.u32 %rd2, %r0, 4, %rd1;
    st.global.b32 [%rd2], %r5;
    $end:
    """

  private static let flag = """
    setp.ne.u32 %p0, %r0, 0;
    @%p0 bra $end;
    mov.u32 %r1, %ctaid.x;
    setp.eq.u32 %p1, %r1, 1;
    @%p1 bra $reader;
    st.global.b32 [%rd1+64], 7;
    st.release.gpu.global.b32 [%rd1], 1;
    bra $end;
    $reader: ld.acquire.gpu.global.b32 %r2, [%rd1];
    setp.eq.u32 %p2, %r2, 0;
    @%p2 bra $reader;
    ld.global.b32 %r3, [%rd1+64];
    st.global.b32 [%rd1+128], %r3;
    $end:
    """

  private static let fencedFlag =
    flag.replacing("st.release.gpu.global.b32", with: "fence.acq_rel.gpu; st.relaxed.gpu.global.b32")
    .replacing("ld.acquire.gpu.global.b32", with: "ld.relaxed.gpu.global.b32")
    .replacing("ld.global.b32 %r3", with: "fence.acq_rel.gpu; ld.global.b32 %r3")

  static let bugs = [
    Bug(
      name: "a missing barrier between warps", body: exchange, edit: ("bar.sync 0;", ""),
      reports: [.race, .undefinedValue]),
    Bug(
      name: "a barrier that does not hold before memory is used again", body: overwritten,
      edit: ("bar.sync 0; // before the next round", ""), reports: [.race]),
    Bug(
      name: "a missing bar.warp.sync", body: withinWarp, edit: ("bar.warp.sync 0xffffffff;", ""), reports: [.race]),
    // Shuffles and votes exchange registers, and order no memory.
    Bug(
      name: "a shuffle in place of bar.warp.sync", body: withinWarp,
      edit: ("bar.warp.sync 0xffffffff;", "shfl.sync.idx.b32 %r9, %r0, 0, 31, 0xffffffff;"), reports: [.race]),
    Bug(
      name: "a missing named barrier", body: partial, edit: ("$consumer: barrier.sync.aligned 3, 64;", "$consumer:"),
      reports: [.race, .undefinedValue]),
    Bug(
      name: "named barriers with different counts", body: partial,
      edit: ("barrier.arrive.aligned 3, 64", "barrier.arrive.aligned 3, 96"),
      reports: [.barrierMisuse]),
    Bug(
      name: "another barrier's number", body: partial,
      edit: ("barrier.arrive.aligned 3, 64", "barrier.arrive.aligned 4, 64"),
      reports: [.deadlock]),
    Bug(
      name: "an aligned barrier that only some lanes come to", body: exchange,
      edit: ("bar.sync 0;", "and.b32 %r9, %r0, 31; setp.lt.u32 %p0, %r9, 8; @%p0 bar.sync 0;"), reports: [.divergence]),
    Bug(
      name: "a shuffle of lanes that are elsewhere",
      body: "shfl.sync.bfly.b32 %r1, %r0, 1, 31, 0xffffffff;",
      edit: ("shfl", "and.b32 %r2, %r0, 31; setp.lt.u32 %p0, %r2, 8; @%p0 shfl"), reports: [.divergence]),
    Bug(
      name: "a load past the end of global memory",
      body:
        "mad.wide.u32 %rd2, %r0, 4, %rd0; ld.global.b32 %r1, [%rd2+16128]; mad.wide.u32 %rd3, %r0, 4, %rd1; st.global.b32 [%rd3], %r1;",
      edit: ("16128", "16132"), reports: [.outOfBounds]),
    Bug(
      name: "a store past the end of shared memory",
      body: "mov.u32 %r1, shared; mad.lo.u32 %r2, %r0, 4, %r1; st.shared.b32 [%r2+32512], %r0;",
      edit: ("32512", "32516"), reports: [.outOfBounds]),
    Bug(
      name: "a vector at an odd address",
      body: "mad.wide.u32 %rd2, %r0, 16, %rd1; st.global.v4.b32 [%rd2], {%r0, %r0, %r0, %r0};",
      edit: ("[%rd2]", "[%rd2+8]"), reports: [.misaligned]),
    Bug(
      name: "a register that nothing has written",
      body: "mov.b32 %r1, 3; add.u32 %r2, %r1, 1; mad.wide.u32 %rd2, %r0, 4, %rd1; st.global.b32 [%rd2], %r2;",
      edit: ("mov.b32 %r1, 3;", ""), reports: [.undefinedValue]),
    Bug(
      name: "global memory that nothing has written",
      body:
        "mad.wide.u32 %rd2, %r0, 4, %rd0; ld.global.b32 %r1, [%rd2]; mad.wide.u32 %rd3, %r0, 4, %rd1; st.global.b32 [%rd3], %r1;",
      edit: (", %rd0;", ", %rd1;"), reports: [.undefinedValue]),
    Bug(
      name: "a branch that hangs on undefined memory",
      body:
        "mov.u32 %r1, shared; st.shared.b32 [%r1], 1; ld.shared.b32 %r2, [%r1]; setp.eq.u32 %p0, %r2, 0; @%p0 bra $end; $end:",
      edit: ("st.shared.b32 [%r1], 1;", ""), reports: [.undefinedValue], threads: 1),
    Bug(
      name: "two blocks that write the same word",
      body: """
        mov.u32 %r1, %ctaid.x;
        mad.lo.u32 %r2, %r1, 64, %r0;
        add.u32 %r3, %r2, %r1;
        mad.wide.u32 %rd2, %r2, 4, %rd1;
        st.global.b32 [%rd2], %r3;
        """,
      edit: ("%r1, 64, %r0", "%r1, 63, %r0"), reports: [.race], blocks: 2),
    Bug(
      name: "a flag that is set without release", body: flag, edit: ("st.release.gpu", "st.relaxed.gpu"),
      reports: [.race], threads: 32, blocks: 2, outputStart: 0),
    Bug(
      name: "a flag that is read without acquire", body: flag, edit: ("ld.acquire.gpu", "ld.relaxed.gpu"),
      reports: [.race], threads: 32, blocks: 2, outputStart: 0),
    Bug(
      name: "a missing fence before a relaxed flag", body: fencedFlag, edit: ("fence.acq_rel.gpu; st", "st"),
      reports: [.race], threads: 32, blocks: 2, outputStart: 0),
    Bug(
      name: "a loop without end",
      body: "mov.b32 %r1, 0; $loop: add.u32 %r1, %r1, 1; setp.lt.u32 %p0, %r1, 100; @%p0 bra $loop;",
      edit: ("add.u32 %r1, %r1, 1", "add.u32 %r1, %r1, 0"), reports: [.budgetExhausted], threads: 32),
  ]

  @Test("The kernel is right, and is wrong after one edit", arguments: bugs)
  func isCaught(bug: Bug) throws { try bug.check() }
}
