import PTXSimulator
import Testing

@Suite("Reports")
struct ReportTests {
  private func failure(_ body: String, threads: Int) throws -> String {
    let program = try PTXProgram(parsing: Kernel.frame(body, sharedBytes: 16384, threads: threads))
    let device = SimulatedDevice()
    let input = device.allocate("input", copying: Array(repeating: 0 as UInt32, count: 1024))
    let output = device.allocate("output", byteCount: 4096)
    let error = #expect(throws: SimulationError.self) {
      try device.launch(
        program, kernel: "kernel", grid: Dimensions(1), block: Dimensions(threads),
        arguments: [.pointer(input), .pointer(output)])
    }
    return "\(try #require(error))"
  }

  @Test("A deadlock lists what every warp waits for")
  func deadlock() throws {
    let report = try failure(
      """
      mov.u32 %r1, shared;
      setp.ne.u32 %p0, %r0, 0;
      @!%p0 mbarrier.init.shared.b64 [%r1], 2;
      bar.sync 0;
      setp.ge.u32 %p0, %r0, 32;
      @%p0 bra $second;
      mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r1], 16;
      $wait: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r1], 0;
      @!%p1 bra $wait;
      $second: bar.sync 1, 96;
      """, threads: 64)
    let lines = report.split(separator: "\n")
    #expect(lines.count == 3 && lines[0].hasPrefix("deadlock: 2 warps have not ended"))
    #expect(lines[1].contains("block (0, 0, 0), warp 0, lanes 0xffffffff at line 27 `mbarrier.try_wait"))
    #expect(
      lines[1].contains("barrier at 0x400, phase 0 (parity 0): 2 of 2 arrivals pending, 512 bytes missing"))
    #expect(lines[2].contains("warp 1") && lines[2].contains("line 29 `bar.sync 1, 96`"))
    #expect(lines[2].contains("waits at barrier 1, where 32 of 96 threads have arrived"))
  }

  @Test("A race names both instructions, the threads and the address")
  func race() throws {
    let report = try failure(
      """
      mov.u32 %r1, shared;
      setp.eq.u32 %p0, %r0, 40;
      @%p0 st.shared.b32 [%r1+8], %r0;
      setp.eq.u32 %p0, %r0, 5;
      @%p0 ld.shared.b32 %r2, [%r1+8];
      """, threads: 64)
    #expect(report.contains("line 22 `@%p0 st.shared.b32 [%r1+8], %r0`, block (0, 0, 0), warp 1, lane 8"))
    #expect(report.contains("race with line 24 `@%p0 ld.shared.b32 %r2, [%r1+8]`"))
    #expect(report.contains("shared memory at 0x408 (thread 5)"))
  }

  @Test("An access out of bounds names the allocation next to it")
  func outOfBounds() throws {
    let report = try failure("ld.global.b32 %r1, [%rd0+4096];", threads: 32)
    #expect(report.contains("line 20") && report.contains("out of bounds"))
    #expect(report.contains("at byte 4096 of `input`, which has 4096"))
  }

  @Test(
    "What is not understood is an error of its line when the text is read",
    arguments: [
      (
        "vadd.s32.s32.s32 %r1, %r1, %r1, %r1;",
        "line 20 `vadd.s32.s32.s32 %r1, %r1, %r1, %r1`: not supported: this opcode"
      ),
      ("add.odd.s32 %r1, %r1, %r1;", "line 20 `add.odd.s32 %r1, %r1, %r1`: not supported: the modifier .odd"),
      ("add.s32 %r1, %r1, %q9;", "line 20: %q9 is not declared"),
      ("add.s32 %r1, %r1, %rd1;", "line 20 `add.s32 %r1, %r1, %rd1`: not supported: an operand of another size"),
      ("bra $nowhere;", "line 20 `bra $nowhere`: not supported: a label that is not in the kernel"),
    ])
  func unsupported(text: String, message: String) throws {
    let error = #expect(throws: SimulationError.self) { try PTXProgram(parsing: Kernel.frame(text)) }
    #expect("\(try #require(error))" == message)
  }

  @Test("A launch that does not suit the kernel is refused")
  func launches() throws {
    let program = try PTXProgram(parsing: Kernel.frame("", threads: 64))
    let device = SimulatedDevice()
    func launch(_ arguments: [KernelArgument], name: String = "kernel", block: Int = 64, shared: Int = 0) throws {
      try device.launch(
        program, kernel: name, grid: Dimensions(1), block: Dimensions(block), sharedBytes: shared, arguments: arguments)
    }
    try launch([.uint64(0), .uint64(0)])
    #expect(throws: SimulationError.self) { try launch([.uint64(0), .uint64(0)], name: "other") }
    #expect(throws: SimulationError.self) { try launch([.uint64(0)]) }
    #expect(throws: SimulationError.self) { try launch([.uint32(0), .uint64(0)]) }
    #expect(throws: SimulationError.self) { try launch([.uint64(0), .uint64(0)], block: 128) }
    #expect(throws: SimulationError.self) { try launch([.uint64(0), .uint64(0)], shared: 232_448) }
  }

  @Test("A line can be changed or taken out while the others keep their numbers")
  func mutation() throws {
    let text = Kernel.frame("add.u32 %r1, %r0, 1;\nst.global.b32 [%rd1], %r1;")
    let program = try PTXProgram(parsing: text)
    let line = try #require(program.instructions.first { $0.text == "add.u32 %r1, %r0, 1" }).line
    let without = try PTXProgram(parsing: PTXProgram.mutating(text, line: line, to: nil))
    #expect(without.instructions.count == program.instructions.count - 1)
    #expect(without.instructions.last?.line == program.instructions.last?.line)
    let changed = try PTXProgram(parsing: PTXProgram.mutating(text, line: line, to: "sub.u32 %r1, %r0, 1;"))
    #expect(changed.instructions.contains { $0.line == line && $0.text == "sub.u32 %r1, %r0, 1" })
  }
}
