import Testing

/// Bugs of asynchronous copies and of barriers in memory.
@Suite("Bugs of asynchronous copies are caught")
struct AsynchronousBugTests {
  /// Every thread copies 16 bytes, and reads what another one has copied.
  private static let threadCopies = """
    mov.u32 %r1, shared;
    mad.lo.u32 %r2, %r0, 16, %r1;
    mad.wide.u32 %rd2, %r0, 16, %rd0;
    cp.async.cg.shared.global [%r2], [%rd2], 16;
    cp.async.commit_group;
    cp.async.wait_group 0;
    bar.sync 0;
    xor.b32 %r3, %r0, 33;
    mad.lo.u32 %r4, %r3, 16, %r1;
    ld.shared.b32 %r5, [%r4];
    mad.wide.u32 %rd3, %r0, 4, %rd1;
    st.global.b32 [%rd3], %r5;
    """

  /// The same, where a barrier in memory says that copies have come.
  private static let arrivingCopies = """
    mov.u32 %r1, shared;
    add.u32 %r6, %r1, 8192;
    setp.ne.u32 %p0, %r0, 0;
    @!%p0 mbarrier.init.shared.b64 [%r6], 64;
    bar.sync 0;
    mad.lo.u32 %r2, %r0, 16, %r1;
    mad.wide.u32 %rd2, %r0, 16, %rd0;
    cp.async.ca.shared.global [%r2], [%rd2], 16;
    cp.async.mbarrier.arrive.noinc.shared.b64 [%r6];
    $wait: mbarrier.test_wait.parity.shared.b64 %p1, [%r6], 0;
    @!%p1 bra $wait;
    xor.b32 %r3, %r0, 33;
    mad.lo.u32 %r4, %r3, 16, %r1;
    ld.shared.b32 %r5, [%r4];
    mad.wide.u32 %rd3, %r0, 4, %rd1;
    st.global.b32 [%rd3], %r5;
    """

  /// One thread asks for three lots of bytes, one warp adds them up, in one place of shared memory.
  static let ring = """
    mov.u32 %r1, shared;
    add.u32 %r2, %r1, 8192;
    setp.ne.u32 %p0, %r0, 0;
    @%p0 bra $ready;
    mbarrier.init.shared.b64 [%r2], 1;
    mbarrier.init.shared.b64 [%r2+8], 1;
    fence.mbarrier_init.release.cluster;
    $ready: bar.sync 0;
    mov.b32 %r3, 0;
    setp.ge.u32 %p0, %r0, 32;
    @%p0 bra $consumer;
    setp.ne.u32 %p0, %r0, 0;
    @%p0 bra $end;
    $produce: and.b32 %r4, %r3, 1;
    xor.b32 %r5, %r4, 1;
    $empty: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2+8], %r5;
    @!%p1 bra $empty;
    mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 1024;
    mad.wide.u32 %rd2, %r3, 1024, %rd0;
    cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd2], 1024, [%r2];
    add.u32 %r3, %r3, 1;
    setp.lt.u32 %p2, %r3, 3;
    @%p2 bra $produce;
    bra $end;
    $consumer: mov.b32 %r9, 0;
    sub.u32 %r10, %r0, 32;
    mad.lo.u32 %r11, %r10, 4, %r1;
    $consume: and.b32 %r4, %r3, 1;
    $full: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2], %r4;
    @!%p1 bra $full;
    ld.shared.b32 %r12, [%r11];
    add.u32 %r9, %r9, %r12;
    bar.warp.sync 0xffffffff;
    setp.eq.u32 %p3, %r0, 32;
    @%p3 mbarrier.arrive.shared::cta.b64 _, [%r2+8];
    add.u32 %r3, %r3, 1;
    setp.lt.u32 %p2, %r3, 3;
    @%p2 bra $consume;
    mad.wide.u32 %rd3, %r10, 4, %rd1;
    st.global.b32 [%rd3], %r9;
    $end:
    """

  /// Threads write shared memory, one thread has it copied out, and all write it again.
  private static let bulkStore = """
    mov.u32 %r1, shared;
    mad.lo.u32 %r2, %r0, 4, %r1;
    st.shared.b32 [%r2], %r0;
    fence.proxy.async;
    bar.sync 0;
    setp.ne.u32 %p0, %r0, 0;
    @%p0 bra $stored;
    cp.async.bulk.global.shared::cta.bulk_group [%rd1], [%r1], 256;
    cp.async.bulk.commit_group;
    cp.async.bulk.wait_group.read 0;
    $stored: bar.sync 0;
    st.shared.b32 [%r2], 99;
    """

  static let bugs = [
    Bug(
      name: "a missing cp.async.wait_group", body: threadCopies, edit: ("cp.async.wait_group 0;", ""),
      reports: [.inFlight]),
    Bug(
      name: "a wait for one group too few", body: threadCopies, edit: ("wait_group 0", "wait_group 1"),
      reports: [.inFlight]),
    Bug(
      name: "a missing cp.async.commit_group", body: threadCopies, edit: ("cp.async.commit_group;", ""),
      reports: [.inFlight]),
    Bug(
      name: "a missing barrier behind cp.async.wait_group", body: threadCopies, edit: ("bar.sync 0;", ""),
      reports: [.race, .inFlight, .undefinedValue]),
    Bug(
      name: "no wait for the arrival of copies", body: arrivingCopies, edit: ("@!%p1 bra $wait;", ""),
      reports: [.inFlight, .race, .undefinedValue], isAlwaysSeen: false),
    Bug(
      name: "a barrier that is used before it is initialised", body: arrivingCopies, edit: ("bar.sync 0;", ""),
      reports: [.race, .barrierMisuse]),
    Bug(
      name: "no wait for a full stage", body: ring,
      edit: ("$full: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2], %r4;\n@!%p1 bra $full;", ""),
      reports: [.inFlight, .race, .undefinedValue]),
    Bug(
      name: "a look at a full stage that nobody waits for", body: ring, edit: ("@!%p1 bra $full;", ""),
      reports: [.inFlight, .race, .undefinedValue, .deadlock], isAlwaysSeen: false),
    Bug(
      name: "the wrong parity of a full stage", body: ring,
      edit: ("$full: mbarrier", "xor.b32 %r4, %r4, 1; $full: mbarrier"),
      reports: [.inFlight, .race, .undefinedValue, .deadlock]),
    Bug(
      name: "no wait for an empty stage", body: ring,
      edit: ("$empty: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2+8], %r5;\n@!%p1 bra $empty;", ""),
      reports: [.inFlight, .race, .barrierMisuse]),
    Bug(
      name: "the wrong parity of an empty stage", body: ring, edit: ("xor.b32 %r5, %r4, 1;", "mov.b32 %r5, %r4;"),
      reports: [.deadlock]),
    Bug(
      name: "too few bytes announced", body: ring, edit: ("[%r2], 1024;", "[%r2], 1008;"), reports: [.deadlock]),
    Bug(
      name: "too many bytes announced", body: ring, edit: ("[%r2], 1024;", "[%r2], 1040;"), reports: [.deadlock]),
    Bug(
      name: "a barrier for too many arrivals", body: ring, edit: ("[%r2+8], 1;", "[%r2+8], 2;"), reports: [.deadlock]),
    Bug(
      name: "too many arrivals", body: ring,
      edit: ("@%p3 mbarrier.arrive.shared::cta.b64 _, [%r2+8];", "mbarrier.arrive.shared::cta.b64 _, [%r2+8];"),
      reports: [.barrierMisuse]),
    Bug(
      name: "one lane that tells for others without bar.warp.sync", body: ring,
      edit: ("bar.warp.sync 0xffffffff;", ""), reports: [.race]),
    Bug(
      name: "a missing fence behind the initialisation of a barrier", body: ring,
      edit: ("fence.mbarrier_init.release.cluster;", ""), reports: [.race]),
    Bug(
      name: "a missing fence.proxy.async before a bulk store", body: bulkStore, edit: ("fence.proxy.async;", ""),
      reports: [.race]),
    Bug(
      name: "a missing barrier before a bulk store", body: bulkStore, edit: ("bar.sync 0;\nsetp", "setp"),
      reports: [.race, .undefinedValue]),
    Bug(
      name: "no wait for a bulk store", body: bulkStore, edit: ("cp.async.bulk.wait_group.read 0;", ""),
      reports: [.inFlight]),
    Bug(
      name: "a missing cp.async.bulk.commit_group", body: bulkStore, edit: ("cp.async.bulk.commit_group;", ""),
      reports: [.inFlight]),
    Bug(
      name: "a bulk copy of an odd number of bytes", body: bulkStore, edit: ("[%r1], 256;", "[%r1], 250;"),
      reports: [.misaligned]),
  ]

  @Test("The kernel is right, and is wrong after one edit", arguments: bugs)
  func isCaught(bug: Bug) throws { try bug.check() }
}
