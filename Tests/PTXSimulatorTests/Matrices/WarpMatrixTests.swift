import PTXSimulator
import Testing

@Suite("Matrices of a warp")
struct WarpMatrixTests {
  /// Copies 16 bytes a thread, of as many rows as there are lanes.
  private static let copyRows = """
    mov.u32 %r1, shared;
    mad.lo.u32 %r2, %r0, 16, %r1;
    mad.wide.u32 %rd2, %r0, 16, %rd0;
    ld.global.v4.b32 {%r10, %r11, %r12, %r13}, [%rd2];
    st.shared.v4.b32 [%r2], {%r10, %r11, %r12, %r13};
    bar.warp.sync 0xffffffff;
    """

  @Test("ldmatrix gives a lane two neighbours of a row, or of a column", arguments: [false, true])
  func loads(isTransposed: Bool) throws {
    let kernel = try Kernel(
      Self.copyRows + """

        ldmatrix.sync.aligned.m8n8.x4\(isTransposed ? ".trans" : "").shared.b16 {%r4, %r5, %r6, %r7}, [%r2];
        mad.wide.u32 %rd3, %r0, 16, %rd1;
        st.global.v4.b32 [%rd3], {%r4, %r5, %r6, %r7};
        """)
    let input = (0..<256).map { UInt16($0) }
    let output: [UInt16] = try kernel.run(input, output: 256)
    for lane in 0..<32 {
      for matrix in 0..<4 {
        for half in 0..<2 {
          let (major, minor) = (lane / 4, lane % 4 * 2 + half)
          let element: Int = isTransposed ? minor * 8 + major : major * 8 + minor
          let place = lane * 8 + matrix * 2 + half
          #expect(output[place] == UInt16(matrix * 64 + element))
        }
      }
    }
  }

  @Test("stmatrix undoes ldmatrix, and movmatrix transposes", arguments: [false, true])
  func stores(isTransposed: Bool) throws {
    let suffix = isTransposed ? ".trans" : ""
    let kernel = try Kernel(
      Self.copyRows + """

        ldmatrix.sync.aligned.m8n8.x4\(suffix).shared.b16 {%r4, %r5, %r6, %r7}, [%r2];
        \(isTransposed ? "" : "movmatrix.sync.aligned.m8n8.trans.b16 %r4, %r4;")
        stmatrix.sync.aligned.m8n8.x4\(suffix).shared.b16 [%r2+1024], {%r4, %r5, %r6, %r7};
        bar.warp.sync 0xffffffff;
        ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%r2+1024];
        mad.wide.u32 %rd3, %r0, 16, %rd1;
        st.global.v4.b32 [%rd3], {%r10, %r11, %r12, %r13};
        """)
    let input = (0..<256).map { UInt16($0) }
    let output: [UInt16] = try kernel.run(input, output: 256)
    let transposed: [UInt16] = (0..<64).map { index in UInt16(index % 8 * 8 + index / 8) }
    let expected: [UInt16] = isTransposed ? input : transposed + Array(input[64...])
    #expect(output == expected)
  }

  /// The words that lanes hold of a matrix, by (row, column) of each part.
  private func fragment(
    _ registers: Int, parts: Int, _ place: (_ lane: Int, _ register: Int, _ part: Int) -> UInt32
  ) -> [UInt32] {
    var words = Array(repeating: 0 as UInt32, count: 128)
    for lane in 0..<32 {
      for register in 0..<registers {
        for part in 0..<parts {
          words[lane * 4 + register] |= place(lane, register, part) << UInt32(32 / parts * part)
        }
      }
    }
    return words
  }

  @Test("m16n8k16 multiplies fragments", arguments: HalfFormat.allCases)
  func multiplies(format: HalfFormat) throws {
    let kernel = try Kernel(
      """
      mad.wide.u32 %rd2, %r0, 16, %rd0;
      ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%rd2];
      ld.global.v2.b32 {%r8, %r9}, [%rd2+512];
      mov.f32 %f0, 0f3F800000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
      mma.sync.aligned.m16n8k16.row.col.f32.\(format).\(format).f32 {%f0, %f1, %f2, %f3}, {%r4, %r5, %r6, %r7}, {%r8, %r9}, {%f0, %f1, %f2, %f3};
      mad.wide.u32 %rd3, %r0, 16, %rd1;
      st.global.v4.f32 [%rd3], {%f0, %f1, %f2, %f3};
      """)
    let (a, b) = (matrix(16, 16, seed: 1), matrix(16, 8, seed: 2))
    let words =
      fragment(4, parts: 2) { lane, register, part in
        UInt32(format.bits(a[lane / 4 + register % 2 * 8][lane % 4 * 2 + part + register / 2 * 8]))
      }
      + fragment(2, parts: 2) { lane, register, part in
        UInt32(format.bits(b[lane % 4 * 2 + part + register * 8][lane / 4]))
      }
    let c = product(a, b)
    let output: [Float] = try kernel.run(words, output: 128)
    for lane in 0..<32 {
      for register in 0..<4 {
        #expect(output[lane * 4 + register] == c[lane / 4 + register / 2 * 8][lane % 4 * 2 + register % 2] + 1)
      }
    }
  }

  @Test("m16n8k8 multiplies fragments of tf32")
  func multipliesTF32() throws {
    let kernel = try Kernel(
      """
      mad.wide.u32 %rd2, %r0, 16, %rd0;
      ld.global.v4.b32 {%r4, %r5, %r6, %r7}, [%rd2];
      ld.global.v2.b32 {%r8, %r9}, [%rd2+512];
      mov.f32 %f0, 0f00000000; mov.f32 %f1, %f0; mov.f32 %f2, %f0; mov.f32 %f3, %f0;
      mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f0, %f1, %f2, %f3}, {%r4, %r5, %r6, %r7}, {%r8, %r9}, {%f0, %f1, %f2, %f3};
      mad.wide.u32 %rd3, %r0, 16, %rd1;
      st.global.v4.f32 [%rd3], {%f0, %f1, %f2, %f3};
      """)
    let (a, b) = (matrix(16, 8, seed: 3), matrix(8, 8, seed: 4))
    let words =
      fragment(4, parts: 1) { lane, register, _ in
        a[lane / 4 + register % 2 * 8][lane % 4 + register / 2 * 4].bitPattern
      } + fragment(2, parts: 1) { lane, register, _ in b[lane % 4 + register * 4][lane / 4].bitPattern }
    let c = product(a, b)
    let output: [Float] = try kernel.run(words, output: 128)
    for lane in 0..<32 {
      for register in 0..<4 {
        #expect(output[lane * 4 + register] == c[lane / 4 + register / 2 * 8][lane % 4 * 2 + register % 2])
      }
    }
  }
}
