import PTXSimulator
import Testing

/// Where matrices lie, by the canonical layouts of the PTX ISA written as plain formulae.
struct SharedTile: CustomTestStringConvertible, Sendable {
  let swizzle: TensorMapDescription.Swizzle
  /// Whether neighbours in memory are neighbours along the result, not along the summed index.
  let isTransposed: Bool

  static let all = TensorMapDescription.Swizzle.allCases.flatMap { swizzle in
    [false, true].map { SharedTile(swizzle: swizzle, isTransposed: $0) }
  }

  private var span: Int { [.none: 16, .bytes32: 32, .bytes64: 64, .bytes128: 128][swizzle, default: 0] }

  /// The distances that the descriptor names, for a matrix of `rows` × 16.
  func distances(rows: Int) -> (leading: Int, stride: Int) {
    switch (swizzle, isTransposed) {
    // Core matrices of 128 bytes, all of the first eight columns before the others.
    case (.none, false): (rows * 16, 128)
    case (.none, true): (rows * 16, 128)
    case (_, false): (16, span * 8)
    case (_, true): (span * 16, span * 8)
    }
  }

  /// The byte at which element (row, k) lies.
  func place(_ row: Int, _ k: Int, rows: Int) -> Int {
    let (leading, stride) = distances(rows: rows)
    let place: Int
    if isTransposed {
      let perSpan = span / 2
      place =
        swizzle == .none
        ? row % 8 * 2 + row / 8 * stride + k % 8 * 16 + k / 8 * leading
        : row % perSpan * 2 + row / perSpan * leading + k % 8 * span + k / 8 * stride
    } else {
      place =
        swizzle == .none
        ? row % 8 * 16 + row / 8 * stride + k % 8 * 2 + k / 8 * leading : row % 8 * span + row / 8 * stride + k * 2
    }
    let lines = span / 16
    return swizzle == .none ? place : place ^ (place / 128 % lines * 16)
  }

  func descriptor(rows: Int) -> UInt64 {
    let (leading, stride) = distances(rows: rows)
    let code: UInt64 = [.none: 0, .bytes128: 1, .bytes64: 2, .bytes32: 3][swizzle, default: 0]
    return UInt64(leading / 16) << 16 | UInt64(stride / 16) << 32 | code << 62
  }

  var testDescription: String { "\(swizzle)\(isTransposed ? ", transposed" : "")" }
}

@Suite("Products of a warpgroup")
struct WarpgroupTests {
  static let columns = 32

  /// Copies two images of 8 KB into shared memory, multiplies, and writes the 64 × 32 accumulators.
  private func text(
    _ a: SharedTile, _ b: SharedTile, _ format: HalfFormat, leftInRegisters: Bool = false, accumulator: String = "f32"
  ) -> String {
    let count = accumulator == "f32" ? Self.columns / 2 : Self.columns / 4
    let prefix = accumulator == "f32" ? "%f" : "%r"
    let first = accumulator == "f32" ? 0 : 40
    let list = (0..<count).map { "\(prefix)\(first + $0)" }
    let zeros = list.map { accumulator == "f32" ? "mov.f32 \($0), 0f40000000;" : "mov.b32 \($0), 0x40004000;" }
    let transposition = { (tile: SharedTile) in tile.isTransposed ? 1 : 0 }
    let left = leftInRegisters ? "{%r20, %r21, %r22, %r23}" : "%rd5"
    let majors = leftInRegisters ? "\(transposition(b))" : "\(transposition(a)), \(transposition(b))"
    let copies = (0..<8).map { index in
      """
      ld.global.v4.b32 {%r10, %r11, %r12, %r13}, [%rd2+\(index * 2048)];
      st.shared.v4.b32 [%r2+\(index * 2048)], {%r10, %r11, %r12, %r13};
      """
    }
    let stores = list.enumerated().map { index, name in "st.global.b32 [%rd3+\(index * 4)], \(name);" }
    return """
      mov.u32 %r1, shared;
      mad.lo.u32 %r2, %r0, 16, %r1;
      mad.wide.u32 %rd2, %r0, 16, %rd0;
      \(copies.joined(separator: "\n"))
      mad.wide.u32 %rd7, %r0, 16, %rd0;
      ld.global.v4.b32 {%r20, %r21, %r22, %r23}, [%rd7+16384];
      \(zeros.joined(separator: "\n"))
      fence.proxy.async;
      bar.sync 0;
      shr.u32 %r3, %r1, 4;
      cvt.u64.u32 %rd4, %r3;
      or.b64 %rd5, %rd4, \(Int64(bitPattern: a.descriptor(rows: 64)));
      add.s64 %rd6, %rd4, 512;
      or.b64 %rd6, %rd6, \(Int64(bitPattern: b.descriptor(rows: Self.columns)));
      wgmma.fence.sync.aligned;
      wgmma.mma_async.sync.aligned.m64n\(Self.columns)k16.\(accumulator).\(format).\(format) {\(list.joined(separator: ", "))}, \(left), %rd6, 1, 1, -1, \(majors);
      wgmma.commit_group.sync.aligned;
      wgmma.wait_group.sync.aligned 0;
      mad.wide.u32 %rd3, %r0, \(count * 4), %rd1;
      \(stores.joined(separator: "\n"))
      """
  }

  /// What shared memory holds, and A's fragments behind it.
  private func images(_ a: [[Float]], _ b: [[Float]], _ tiles: (SharedTile, SharedTile), _ format: HalfFormat)
    -> [UInt16]
  {
    var image = Array(repeating: 0 as UInt16, count: 8192 + 1024)
    for row in 0..<64 {
      for k in 0..<16 { image[tiles.0.place(row, k, rows: 64) / 2] = format.bits(a[row][k]) }
    }
    for column in 0..<Self.columns {
      for k in 0..<16 {
        image[4096 + tiles.1.place(column, k, rows: Self.columns) / 2] = format.bits(b[k][column])
      }
    }
    for thread in 0..<128 {
      for index in 0..<8 {
        let row = thread / 32 * 16 + thread % 32 / 4 + index / 2 % 2 * 8
        image[8192 + thread * 8 + index] = format.bits(a[row][thread % 4 * 2 + index % 2 + index / 4 * 8])
      }
    }
    return image
  }

  private func check(_ output: (Int, Int) -> Float, _ a: [[Float]], _ b: [[Float]]) {
    let c = product(a, b)
    for thread in 0..<128 {
      for index in 0..<(Self.columns / 2) {
        let row = thread / 32 * 16 + thread % 32 / 4 + index / 2 % 2 * 8
        let column = index / 4 * 8 + thread % 4 * 2 + index % 2
        // B is negated, and the accumulators begin at 2.
        #expect(output(thread, index) == 2 - c[row][column])
      }
    }
  }

  @Test("Every swizzle and both majors of A and of B", arguments: SharedTile.all, SharedTile.all)
  func layouts(left: SharedTile, right: SharedTile) throws {
    let (a, b) = (matrix(64, 16, seed: 5), matrix(16, Self.columns, seed: 6))
    let program = try PTXProgram(
      parsing: Kernel.frame(text(left, right, .bf16), sharedBytes: 16384, threads: 128))
    let device = SimulatedDevice()
    let input = device.allocate("input", copying: images(a, b, (left, right), .bf16))
    let output = device.allocate("output", byteCount: 64 * Self.columns * 4)
    try device.launch(
      program, kernel: "kernel", grid: Dimensions(1), block: Dimensions(128),
      arguments: [.pointer(input), .pointer(output)])
    let result = device.read(Float.self, from: output)
    check({ result[$0 * Self.columns / 2 + $1] }, a, b)
  }

  @Test("A from registers", arguments: HalfFormat.allCases)
  func registers(format: HalfFormat) throws {
    let (a, b) = (matrix(64, 16, seed: 7), matrix(16, Self.columns, seed: 8))
    let tiles = (SharedTile(swizzle: .bytes128, isTransposed: false), SharedTile(swizzle: .bytes32, isTransposed: true))
    let kernel = try Kernel(
      text(tiles.0, tiles.1, format, leftInRegisters: true), sharedBytes: 16384, threads: 128)
    for mode in Mode.all {
      let result: [Float] = try kernel.run(
        images(a, b, tiles, format), output: 64 * Self.columns, threads: 128, options: mode.options)
      check({ result[$0 * Self.columns / 2 + $1] }, a, b)
    }
  }

  @Test("Accumulators of 16 bits lie two in a register")
  func halfAccumulators() throws {
    let (a, b) = (matrix(64, 16, seed: 9), matrix(16, Self.columns, seed: 10))
    let tile = SharedTile(swizzle: .bytes64, isTransposed: false)
    let kernel = try Kernel(text(tile, tile, .f16, accumulator: "f16"), sharedBytes: 16384, threads: 128)
    let result: [Float16] = try kernel.run(images(a, b, (tile, tile), .f16), output: 64 * Self.columns, threads: 128)
    let c = product(a, b)
    for thread in 0..<128 {
      for index in 0..<(Self.columns / 2) {
        let row = thread / 32 * 16 + thread % 32 / 4 + index / 2 % 2 * 8
        let column = index / 4 * 8 + thread % 4 * 2 + index % 2
        #expect(result[thread * Self.columns / 2 + index] == Float16(2 - c[row][column]))
      }
    }
  }
}
