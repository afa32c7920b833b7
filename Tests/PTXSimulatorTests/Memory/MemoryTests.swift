import PTXSimulator
import Testing

@Suite("Memory")
struct MemoryTests {
  @Test("Loads extend small numbers, and vectors are neighbours")
  func loads() throws {
    let kernel = try Kernel(
      """
      ld.global.s8 %r1, [%rd0];
      ld.global.u8 %r2, [%rd0];
      ld.global.v2.b16 {%h0, %h1}, [%rd0];
      cvt.u32.u16 %r3, %h1;
      ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%rd0];
      st.global.v4.b32 [%rd1], {%r1, %r2, %r3, %r7};
      """, threads: 1)
    let result: [UInt32] = try kernel.run([0x1234_00ff, 0, 0, 77] as [UInt32], output: 4, threads: 1)
    #expect(result == [0xffff_ffff, 0xff, 0x1234, 77])
  }

  @Test("Generic addresses reach shared and global memory", arguments: Mode.all)
  func genericAddresses(mode: Mode) throws {
    let kernel = try Kernel(
      """
      mov.u64 %rd2, shared;
      cvta.shared.u64 %rd3, %rd2;
      mad.wide.u32 %rd4, %r0, 4, %rd3;
      st.b32 [%rd4], %r0;
      ld.b32 %r1, [%rd4];
      cvta.to.shared.u64 %rd5, %rd4;
      ld.shared.b32 %r2, [%rd5];
      add.u32 %r1, %r1, %r2;
      mad.wide.u32 %rd6, %r0, 4, %rd1;
      st.b32 [%rd6], %r1;
      """)
    let result: [UInt32] = try kernel.run([0 as UInt32], output: 32, options: mode.options)
    #expect(result == (0..<32).map { UInt32(2 * $0) })
  }

  @Test("Threads exchange numbers through shared memory and a barrier", arguments: Mode.all)
  func sharedMemory(mode: Mode) throws {
    let kernel = try Kernel(
      """
      mov.u32 %r1, shared;
      mad.lo.u32 %r2, %r0, 2, %r1;
      cvt.u16.u32 %h0, %r0;
      st.shared.b16 [%r2], %h0;
      bar.sync 0;
      sub.u32 %r3, 127, %r0;
      mad.lo.u32 %r4, %r3, 2, %r1;
      ld.shared.u16 %r5, [%r4];
      mad.wide.u32 %rd2, %r0, 4, %rd1;
      st.global.b32 [%rd2], %r5;
      """, threads: 128)
    let result: [UInt32] = try kernel.run([0 as UInt32], output: 128, threads: 128, options: mode.options)
    #expect(result == (0..<128).map { UInt32(127 - $0) })
  }

  @Test("Atomic operations of all threads add up, whatever their order", arguments: Mode.all)
  func atomics(mode: Mode) throws {
    let kernel = try Kernel(
      """
      atom.global.add.u32 %r1, [%rd1], 1;
      red.global.max.s32 [%rd1+4], %r0;
      cvt.rn.f32.u32 %f0, %r0;
      red.global.add.f32 [%rd1+8], %f0;
      atom.global.inc.u32 %r2, [%rd1+12], 6;
      red.global.or.b32 [%rd1+16], 4;
      """, threads: 64)
    let result: [UInt32] = try kernel.run(
      [0 as UInt32], output: 5, startingFrom: 0, blocks: 3, threads: 64, options: mode.options)
    #expect(result[0] == 192 && result[1] == 63 && result[2] == Float(3 * 2016).bitPattern)
    #expect(result[3] == 192 % 7 && result[4] == 4)
  }

  @Test("A lock that threads of several blocks take in turn protects a number", arguments: Mode.all)
  func locks(mode: Mode) throws {
    let kernel = try Kernel(
      """
      setp.ne.u32 %p0, %r0, 0;
      @%p0 bra $end;
      $try: atom.global.acquire.gpu.cas.b32 %r1, [%rd1], 0, 1;
      setp.ne.u32 %p1, %r1, 0;
      @%p1 bra $try;
      ld.global.b32 %r2, [%rd1+4];
      add.u32 %r2, %r2, 1;
      st.global.b32 [%rd1+4], %r2;
      atom.global.release.gpu.exch.b32 %r3, [%rd1], 0;
      $end:
      """)
    let result: [UInt32] = try kernel.run(
      [0 as UInt32], output: 2, startingFrom: 0, blocks: 5, options: mode.options)
    #expect(result == [0, 5])
  }

  @Test("Bytes are counted by how they move")
  func traffic() throws {
    let kernel = try Kernel(
      """
      mad.wide.u32 %rd2, %r0, 8, %rd0;
      ld.global.v2.b32 {%r1, %r2}, [%rd2];
      mad.wide.u32 %rd3, %r0, 4, %rd1;
      st.global.b32 [%rd3], %r2;
      """)
    let device = SimulatedDevice()
    let input = device.allocate("input", copying: Array(repeating: 1 as UInt32, count: 64))
    let output = device.allocate("output", byteCount: 128)
    let report = try device.launch(
      kernel.program, kernel: "kernel", grid: Dimensions(1), block: Dimensions(32),
      arguments: [.pointer(input), .pointer(output)])
    #expect(report.globalLoadBytes == 256 && report.globalStoreBytes == 128 && report.allStoredBytes == 128)
    #expect(report.instructions[.globalLoad] == 1 && report.instructions[.parameterLoad] == 2)
    #expect(device.undefinedByteCount(of: output) == 0)
  }

  @Test("A barrier counts threads for which a predicate holds", arguments: Mode.all)
  func barrierReductions(mode: Mode) throws {
    let kernel = try Kernel(
      """
      setp.lt.u32 %p0, %r0, 50;
      bar.red.popc.u32 %r1, 0, %p0;
      bar.red.and.pred %p1, 0, %p0;
      bar.red.or.pred %p2, 1, %p0;
      selp.b32 %r2, 100, 0, %p1;
      selp.b32 %r3, 200, 0, %p2;
      add.u32 %r1, %r1, %r2;
      add.u32 %r1, %r1, %r3;
      mad.wide.u32 %rd2, %r0, 4, %rd1;
      st.global.b32 [%rd2], %r1;
      """, threads: 96)
    let result: [UInt32] = try kernel.run([0 as UInt32], output: 96, threads: 96, options: mode.options)
    #expect(result == Array(repeating: 250, count: 96))
  }
}
