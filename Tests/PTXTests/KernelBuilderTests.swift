import PTX
import Testing

@Suite("Text of kernels")
struct KernelBuilderTests {
  /// The instructions of a kernel, without its frame.
  private func instructions(
    _ target: Target = .sm80, parameters: [Parameter] = [], _ body: (KernelBuilder) -> Void
  ) -> [String] {
    var module = Module(target: target)
    module.addKernel("kernel", threads: 32, parameters: parameters, body)
    let lines = module.text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    guard let begin = lines.firstIndex(of: "{"), let end = lines.lastIndex(of: "}") else { return [] }
    return lines[(begin + 1)..<end].filter { !$0.hasPrefix(".reg") && $0 != "ret;" }
  }

  @Test("Sums, products, logic and comparisons of constants need no instruction")
  func constantsAreFolded() {
    let three: Value<U32> = 3
    #expect((three + 4 * 5).constant == 23)
    #expect((Value<S32>(3) - 5).constant == -2)
    #expect(Value<U32>.multiplyAdd(2, 3, 4).constant == 10)
    #expect(Value<U32>(70_000).multipliedWide(by: 70_000).constant == 4_900_000_000)
    #expect((Value<U32>(23) % 8).constant == 7 && (Value<U32>(23) % 7).constant == 2)
    #expect((three ^ 6).constant == 5 && (three << 4 | 1).constant == 49)
    #expect(Value<S32>.maximum(-1, 2).constant == 2 && Value<S32>.minimum(-1, 2).constant == -1)
    #expect((three .< 4).constant == true && (three .>= 4).constant == false)
  }

  @Test("What is known is not branched upon")
  func knownBranches() {
    let lines = instructions { b in
      let thread = b.threadIndex()
      b.branch(if: Predicate(true), { _ = thread + 1 }, else: { _ = thread + 2 })
      b.branch(if: Predicate(false) .& (thread .< 3)) { _ = thread + 4 }
      b.predicated(by: Predicate(true) .| (thread .< 3)) { _ = thread + 5 }
      #expect(Predicate(false).select(thread, else: 6) == 6)
    }
    #expect(
      lines == [
        "mov.u32 %r0, %tid.x;", "add.u32 %r1, %r0, 1;", "setp.lt.u32 %p0, %r0, 3;", "setp.lt.u32 %p1, %r0, 3;",
        "add.u32 %r2, %r0, 5;",
      ])
  }

  @Test("Zeros, ones and powers of two become cheaper instructions or none")
  func operandsAreSimplified() {
    let lines = instructions { b in
      let thread = b.threadIndex()
      #expect(thread + 0 == thread && thread * 1 == thread && 0 | thread == thread && thread / 1 == thread)
      _ = 8 * thread
      _ = thread / 4
      _ = thread % 16
      _ = thread / 3
      _ = thread.bits(as: S32.self) / 4
    }
    #expect(
      lines == [
        "mov.u32 %r0, %tid.x;", "shl.b32 %r1, %r0, 3;", "shr.u32 %r2, %r0, 2;", "and.b32 %r3, %r0, 15;",
        "div.u32 %r4, %r0, 3;", "div.s32 %r5, %r0, 4;",
      ])
  }

  @Test("A constant distance becomes part of the access")
  func offsetsAreFolded() {
    let lines = instructions(parameters: [.scalar("numbers", U64.self)]) { b in
      let numbers = b.pointer("numbers")
      let number = b.load(F32.self, from: numbers + 8 + Value<U64>(4))
      b.store(number, to: numbers + -4)
    }
    #expect(
      lines == [
        "ld.param.u64 %rd0, [numbers];", "cvta.to.global.u64 %rd1, %rd0;", "ld.global.f32 %f0, [%rd1+12];",
        "st.global.f32 [%rd1-4], %f0;",
      ])
  }

  @Test("fp32 constants keep their bits")
  func floatsAreExact() {
    let lines = instructions { b in _ = b.variable(0.1 as Value<F32>) }
    #expect(lines == ["mov.f32 %f0, 0f3DCCCCCD;"])
  }

  @Test("A loop tests before its first round and counts in one register")
  func loops() {
    let lines = instructions { b in
      b.loop(from: 0, to: 10 as Value<U32>, step: 2) { index in _ = index + 1 }
    }
    #expect(
      lines == [
        "mov.b32 %r0, 0;", "$loop_1:", "setp.lt.u32 %p0, %r0, 10;", "@!%p0 bra $end_2;", "add.u32 %r1, %r0, 1;",
        "add.u32 %r2, %r0, 2;", "mov.b32 %r0, %r2;", "bra $loop_1;", "$end_2:",
      ])
  }

  @Test("Branches jump over what is not taken; predicated instructions do not jump")
  func branches() {
    let lines = instructions { b in
      let isFirst = b.laneIndex() .== 0
      let result = b.variable(1 as Value<U32>)
      b.branch(if: isFirst, { result.value = 2 }, else: { result.value = 3 })
      b.predicated(by: !isFirst) { result.value = 4 }
    }
    #expect(
      lines == [
        "mov.u32 %r0, %laneid;", "setp.eq.u32 %p0, %r0, 0;", "mov.b32 %r1, 1;", "@!%p0 bra $else_1;",
        "mov.b32 %r1, 2;", "bra $end_2;", "$else_1:", "mov.b32 %r1, 3;", "$end_2:", "@!%p0 mov.b32 %r1, 4;",
      ])
  }

  /// PTX ISA, "Matrix descriptor": the address in bits 0 to 13, distances from bits 16 and 32 on, the swizzle from bit
  /// 62 on, all but the last in units of 16 bytes.
  @Test("The description of a matrix holds its place, its distances and its swizzle")
  func descriptors() {
    let lines = instructions(.sm90a) { b in
      let tile = Pointer<Shared>(2048)
      let matrix = b.describe(
        tile, swizzle: .bytes128, major: .summed, leadingBytes: 16384, strideBytes: 1024)
      let sums = (0..<4).map { _ in b.variable(F32.self) }
      b.multiplyWarpgroupMatrices(
        sums, .shared(matrix), b.advance(matrix, byBytes: 32), type: .float16, accumulates: Predicate(false))
    }
    let bits = 2048 / 16 | (16384 / 16) << 16 | (1024 / 16) << 32 | 1 << 62
    #expect(
      lines == [
        """
        wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f0, %f1, %f2, %f3}, \(bits), \(bits + 2), 0, 1, 1, 0, 0;
        """
      ])
  }

  @Test("A swizzle exchanges chunks by rows, within its period, and back", arguments: Swizzle.allCases)
  func swizzles(swizzle: Swizzle) {
    let places = (0..<(2 * swizzle.period)).map { swizzle.place(of: $0) }
    #expect(Set(places) == Set(0..<(2 * swizzle.period)))
    for offset in places.indices {
      #expect(swizzle.place(of: places[offset]) == offset)
      #expect(places[offset] & 15 == offset & 15 && places[offset] / swizzle.rowBytes == offset / swizzle.rowBytes)
      #expect(swizzle.place(of: offset + swizzle.period) == places[offset] + swizzle.period)
    }
  }

  @Test("Eight rows of a swizzled column lie in different banks", arguments: [Swizzle.bytes128])
  func banks(swizzle: Swizzle) {
    let chunks = (0..<8).map { swizzle.place(of: $0 * swizzle.rowBytes) / 16 % 8 }
    #expect(Set(chunks).count == 8)
  }

  @Test("Parts of shared memory are aligned and do not overlap")
  func layouts() {
    var layout = SharedLayout()
    #expect(layout.reserve(bytes: 24) == 0)
    #expect(layout.reserve(bytes: 2048, alignment: 1024) == 1024)
    #expect(layout.reserve(bytes: 8, alignment: 8) == 3072)
    #expect(layout.byteCount == 3080)
  }
}
