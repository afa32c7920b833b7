import Testing

/// Bugs of products of a warpgroup.
@Suite("Bugs of products are caught")
struct WarpgroupBugTests {
  /// Threads write A and B, multiply them twice, write B again, and store the result.
  private static let products = """
    mov.u32 %r1, shared;
    mad.lo.u32 %r2, %r0, 16, %r1;
    mov.b32 %r3, 0;
    st.shared.v4.b32 [%r2], {%r3, %r3, %r3, %r3};
    st.shared.v4.b32 [%r2+2048], {%r3, %r3, %r3, %r3};
    fence.proxy.async;
    bar.sync 0;
    shr.u32 %r4, %r1, 4;
    cvt.u64.u32 %rd4, %r4;
    or.b64 %rd5, %rd4, 0x0000000800400000;
    add.s64 %rd6, %rd5, 128;
    mov.f32 %f0, 0f00000000; mov.f32 %f1, 0f00000000; mov.f32 %f2, 0f00000000; mov.f32 %f3, 0f00000000;
    wgmma.fence.sync.aligned;
    wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3}, %rd5, %rd6, 1, 1, 1, 0, 0;
    wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3}, %rd5, %rd6, 1, 1, 1, 0, 0;
    wgmma.commit_group.sync.aligned;
    wgmma.wait_group.sync.aligned 0;
    st.shared.v4.b32 [%r2+2048], {%r4, %r4, %r4, %r4};
    mad.wide.u32 %rd3, %r0, 16, %rd1;
    st.global.v4.f32 [%rd3], {%f0, %f1, %f2, %f3};
    """

  static let bugs = [
    Bug(
      name: "accumulators that are read while products run", body: products,
      edit: ("wgmma.wait_group.sync.aligned 0;", ""), reports: [.inFlight, .race], threads: 128),
    Bug(
      name: "a wait for one group too few", body: products,
      edit: ("wait_group.sync.aligned 0", "wait_group.sync.aligned 1"),
      reports: [.inFlight, .race], threads: 128),
    Bug(
      name: "a missing wgmma.commit_group", body: products, edit: ("wgmma.commit_group.sync.aligned;", ""),
      reports: [.inFlight, .race], threads: 128),
    Bug(
      name: "a missing wgmma.fence", body: products, edit: ("wgmma.fence.sync.aligned;", ""),
      reports: [.invalidOperand], threads: 128),
    Bug(
      name: "accumulators that are written behind the fence", body: products,
      edit: ("wgmma.fence.sync.aligned;", "wgmma.fence.sync.aligned; add.f32 %f1, %f1, %f1;"),
      reports: [.invalidOperand], threads: 128),
    Bug(
      name: "a missing fence.proxy.async before products", body: products, edit: ("fence.proxy.async;", ""),
      reports: [.race], threads: 128),
    Bug(
      name: "a missing barrier before products", body: products, edit: ("bar.sync 0;\nshr", "shr"),
      reports: [.race, .undefinedValue], threads: 128),
    Bug(
      name: "an operand that is written while products run", body: products,
      edit: (
        "wgmma.wait_group.sync.aligned 0;",
        "st.shared.v4.b32 [%r2+2048], {%r4, %r4, %r4, %r4}; wgmma.wait_group.sync.aligned 0;"
      ), reports: [.race], threads: 128),
    Bug(
      name: "an operand that nothing has written", body: products,
      edit: ("st.shared.v4.b32 [%r2], {%r3, %r3, %r3, %r3};", ""), reports: [.undefinedValue], threads: 128),
    Bug(
      name: "warps that multiply different matrices", body: products,
      edit: ("add.s64 %rd6, %rd5, 128;", "shr.u32 %r5, %r0, 5; cvt.u64.u32 %rd7, %r5; add.s64 %rd6, %rd5, %rd7;"),
      reports: [.divergence], threads: 128),
    Bug(
      name: "warps that ask for different numbers of registers", body: "setmaxnreg.dec.sync.aligned.u32 40;",
      edit: (
        "setmaxnreg.dec.sync.aligned.u32 40;",
        """
        setp.ge.u32 %p0, %r0, 32; @%p0 bra $other;
        setmaxnreg.dec.sync.aligned.u32 40; bra $end;
        $other: setmaxnreg.dec.sync.aligned.u32 48; $end:
        """
      ), reports: [.divergence], threads: 128),
  ]

  @Test("The kernel is right, and is wrong after one edit", arguments: bugs)
  func isCaught(bug: Bug) throws { try bug.check() }
}
