import PTXSimulator
import Testing

@Suite("Tiles of tensors")
struct TensorMapTests {
  @Test("The driver's rules hold")
  func rules() throws {
    func make(
      address: UInt64 = 1024, sizes: [Int] = [64, 8], strides: [Int] = [128], box: [Int] = [64, 8],
      swizzle: TensorMapDescription.Swizzle = .bytes128
    ) throws -> TensorMapDescription {
      try TensorMapDescription(
        address: address, element: .float16, sizes: sizes, strides: strides, box: box, swizzle: swizzle)
    }
    #expect(try make().tileBytes == 1024)
    #expect(throws: SimulationError.self) { try make(address: 1032) }
    #expect(throws: SimulationError.self) { try make(strides: [136]) }
    #expect(throws: SimulationError.self) { try make(box: [72, 8]) }
    #expect(throws: SimulationError.self) { try make(box: [64, 257]) }
    #expect(throws: SimulationError.self) { try make(box: [4, 8]) }
    #expect(throws: SimulationError.self) { try make(sizes: [64, 0]) }
    #expect(throws: SimulationError.self) { try make(swizzle: .bytes64) }
  }

  /// Loads a tile at (column, row) and copies the shared memory out as it lies.
  private func load(
    _ column: Int, _ row: Int, swizzle: TensorMapDescription.Swizzle, fill: TensorMapDescription.Fill, mode: Mode
  ) throws -> [UInt16] {
    let kernel = try Kernel(
      """
      mov.u32 %r1, shared;
      add.u32 %r2, %r1, 8192;
      setp.ne.u32 %p0, %r0, 0;
      @%p0 bra $ready;
      mbarrier.init.shared.b64 [%r2], 1;
      fence.mbarrier_init.release.cluster;
      mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r2], 1024;
      mov.b64 %rd2, map0;
      mov.b32 %r3, \(column);
      mov.b32 %r4, \(row);
      cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r1], [%rd2, {%r3, %r4}], [%r2];
      $ready: bar.sync 0;
      $wait: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r2], 0;
      @!%p1 bra $wait;
      mad.lo.u32 %r5, %r0, 16, %r1;
      ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%r5];
      mad.wide.u32 %rd3, %r0, 16, %rd1;
      st.global.v4.b32 [%rd3], {%r10, %r11, %r12, %r13};
      """, sharedBytes: 16384, threads: 64, maps: 1)
    let box = swizzle == .none ? [64, 8] : [swizzle == .bytes128 ? 64 : swizzle == .bytes64 ? 32 : 16, 0]
    let rows = 512 / box[0]
    let input = (0..<3200).map { UInt16($0) }
    return try kernel.run(
      input, output: 512, threads: 64,
      maps: [
        { source, _ in
          try TensorMapDescription(
            address: source.address, element: .float16, sizes: [70, 40], strides: [160], box: [box[0], rows],
            swizzle: swizzle, fill: fill)
        }
      ], options: mode.options)
  }

  @Test(
    "A tile lies as its swizzle says, with zeros outside of the tensor",
    arguments: TensorMapDescription.Swizzle.allCases,
    [(0, 0), (16, 3), (-3, -2), (65, 36), (200, 0)])
  func tiles(swizzle: TensorMapDescription.Swizzle, corner: (Int, Int)) throws {
    for mode in [Mode.all[0], Mode.all[4], Mode.all[11]] {
      let memory = try load(corner.0, corner.1, swizzle: swizzle, fill: .zeros, mode: mode)
      let width = [.none: 64, .bytes128: 64, .bytes64: 32, .bytes32: 16][swizzle, default: 0]
      for index in 0..<512 {
        let (row, column) = (corner.1 + index / width, corner.0 + index % width)
        // 16-byte chunks are exchanged by the number of the 128-byte line.
        let line = index * 2 / 128
        let chunks = [.none: 1, .bytes32: 2, .bytes64: 4, .bytes128: 8][swizzle, default: 1]
        let place = (index * 2) ^ (line % chunks * 16)
        let isInside = (0..<40).contains(row) && (0..<70).contains(column)
        #expect(memory[place / 2] == (isInside ? UInt16(row * 80 + column) : 0))
      }
    }
  }

  @Test("Outside of the tensor numbers can be NaN")
  func fill() throws {
    let memory = try load(64, 0, swizzle: .none, fill: .notANumber, mode: Mode.all[0])
    #expect(memory[5] == 69 && memory[6] == 0x7fff && Float16(bitPattern: memory[6]).isNaN)
  }

  @Test("A tile that is stored leaves out what lies outside, and adds where it is told to", arguments: [false, true])
  func stores(isReduction: Bool) throws {
    let opcode =
      isReduction
      ? "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group"
      : "cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group"
    let kernel = try Kernel(
      """
      mov.u32 %r1, shared;
      mad.lo.u32 %r2, %r0, 4, %r1;
      cvt.rn.f32.u32 %f0, %r0;
      st.shared.f32 [%r2], %f0;
      fence.proxy.async;
      bar.sync 0;
      setp.ne.u32 %p0, %r0, 0;
      @%p0 bra $end;
      mov.b64 %rd2, map0;
      mov.b32 %r3, -1;
      mov.b32 %r4, 2;
      \(opcode) [%rd2, {%r3, %r4}], [%r1];
      cp.async.bulk.commit_group;
      cp.async.bulk.wait_group 0;
      $end:
      """, threads: 32, maps: 1)
    for mode in Mode.all {
      let output: [Float] = try kernel.run(
        [0 as Float], output: 32, startingFrom: 100, threads: 32,
        maps: [
          { _, target in
            try TensorMapDescription(
              address: target.address, element: .float32, sizes: [8, 4], strides: [32], box: [8, 4])
          }
        ], options: mode.options)
      for index in 0..<32 {
        let (row, column) = (index / 8 - 2, index % 8 + 1)
        let isInside = (0..<4).contains(row) && column < 8
        let number = Float(row * 8 + column)
        #expect(output[index] == (isInside ? (isReduction ? 100 + number : number) : 100))
      }
    }
  }
}
