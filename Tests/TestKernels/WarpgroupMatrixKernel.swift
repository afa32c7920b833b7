import PTX

/// C = A · Bᵀ as ``WarpMatrixKernel``, by a warpgroup whose operands a warp of its own brings: tiles by bulk copies
/// into a ring of stages, and products that run while threads go on.
///
/// A block computes 64 × 128 elements. Descriptions of A and B give tiles of 64 and 128 rows by 64 columns with the
/// swizzle of 128 bytes.
package struct WarpgroupMatrixKernel {
  package static let threads = 256
  package static let rows = 64
  package static let columns = 128
  package static let depth = 64
  private static let stages = 4
  private static let swizzle = Swizzle.bytes128
  private static let stageBytes = (rows + columns) * depth * 2

  package static func module(type: HalfType) -> Module {
    var module = Module(target: .sm90a)
    module.addKernel(
      "multiply_\(type.rawValue)", threads: threads,
      parameters: [
        .tensorMap("a"), .tensorMap("b"), .scalar("c", U64.self), .scalar("n", U32.self), .scalar("k", U32.self),
      ]
    ) { WarpgroupMatrixKernel(b: $0, type: type, shared: $0.sharedMemory()).write() }
    return module
  }

  let b: KernelBuilder
  let type: HalfType
  let shared: Pointer<Shared>

  private static let memory: (a: Int, b: Int, barriers: Int, byteCount: Int) = {
    var layout = SharedLayout()
    let a = layout.reserve(bytes: stages * rows * depth * 2, alignment: swizzle.period)
    let b = layout.reserve(bytes: stages * columns * depth * 2, alignment: swizzle.period)
    let barriers = layout.reserve(bytes: 2 * stages * 8)
    return (a, b, barriers, layout.byteCount)
  }()

  /// What a launch asks for.
  package static var sharedBytes: Int { memory.byteCount }

  /// Which stage of the ring comes next, and the parity of its phase.
  private struct Position {
    let stage: Variable<U32>
    let parity: Variable<U32>
  }

  private func position(parity: Value<U32>) -> Position {
    Position(stage: b.variable(0 as Value<U32>), parity: b.variable(parity))
  }

  private func advance(_ position: Position) {
    let next = position.stage.value + 1
    let isBack = next .== Self.stages
    position.stage.value = isBack.select(0, else: next)
    b.predicated(by: isBack) { position.parity.value = position.parity.value ^ 1 }
  }

  /// Ends a phase when a stage's tiles have come.
  private func full(_ stage: Value<U32>) -> MemoryBarrier {
    MemoryBarrier(at: shared + Self.memory.barriers + stage * 8)
  }

  /// Ends a phase when a stage's tiles have been read.
  private func empty(_ stage: Value<U32>) -> MemoryBarrier {
    MemoryBarrier(at: shared + (Self.memory.barriers + 8 * Self.stages) + stage * 8)
  }

  private func tile(_ offset: Int, rows: Int, _ stage: Value<U32>) -> Pointer<Shared> {
    shared + offset + stage * (rows * Self.depth * 2)
  }

  private func write() {
    let thread = b.threadIndex()
    b.branch(if: thread .== 0) {
      for stage in 0..<Self.stages {
        b.initialize(full(Value(stage)), arrivals: 1)
        b.initialize(empty(Value(stage)), arrivals: 4)
      }
      b.fenceBarriers()
    }
    b.synchronizeBlock()
    // The same in all lanes of a warp, so that the compiler knows that warps do not diverge.
    let warpgroup = b.broadcast(thread >> 7, fromLane: 0)
    b.branch(if: warpgroup .== 0, { produce(thread) }, else: { consume(thread & 127) })
  }

  private func produce(_ thread: Value<U32>) {
    b.comment("the producer: one thread asks for tiles as stages become free")
    b.setMaximumRegisters(.decrease, to: 40)
    b.branch(if: thread .== 0) {
      let a = b.tensorMap("a")
      let other = b.tensorMap("b")
      let firstRow = (b.blockIndex(.y) * Self.rows).bits(as: S32.self)
      let firstColumn = (b.blockIndex(.x) * Self.columns).bits(as: S32.self)
      // At first all stages are free: the phase before the first one is over.
      let position = position(parity: 1)
      b.loop(from: 0, to: b.parameter("k", U32.self), step: Value(Self.depth)) { column in
        let stage = position.stage.value
        b.wait(for: empty(stage), parity: position.parity.value)
        b.arrive(at: full(stage), expectingBytes: Self.stageBytes)
        let along = column.bits(as: S32.self)
        b.copyTile(
          of: a, at: [along, firstRow], to: tile(Self.memory.a, rows: Self.rows, stage), arrivingAt: full(stage))
        b.copyTile(
          of: other, at: [along, firstColumn], to: tile(Self.memory.b, rows: Self.columns, stage),
          arrivingAt: full(stage))
        advance(position)
      }
    }
  }

  private func consume(_ thread: Value<U32>) {
    b.comment("the consumer: a product of 64 x 128 for every 16 columns")
    b.setMaximumRegisters(.increase, to: 232)
    let sums = (0..<(Self.columns / 2)).map { _ in b.variable(0.0 as Value<F32>) }
    let position = position(parity: 0)
    b.loop(from: 0, to: b.parameter("k", U32.self), step: Value(Self.depth)) { _ in
      let stage = position.stage.value
      b.wait(for: full(stage), parity: position.parity.value)
      let a = describe(tile(Self.memory.a, rows: Self.rows, stage))
      let other = describe(tile(Self.memory.b, rows: Self.columns, stage))
      b.fenceWarpgroup()
      for step in 0..<(Self.depth / 16) {
        b.multiplyWarpgroupMatrices(
          sums, .shared(b.advance(a, byBytes: step * 32)), b.advance(other, byBytes: step * 32), type: type,
          accumulates: Predicate(true))
      }
      b.commitWarpgroup()
      b.waitForWarpgroup(pending: 0)
      // Each warp says for itself that it has read the tiles.
      b.branch(if: (thread & 31) .== 0) { b.arrive(at: empty(stage)) }
      advance(position)
    }
    store(sums, thread)
  }

  /// Rows of 128 bytes, eight of which make the period of the swizzle.
  private func describe(_ tile: Pointer<Shared>) -> MatrixDescriptor {
    b.describe(tile, swizzle: Self.swizzle, major: .summed, leadingBytes: 16, strideBytes: Self.swizzle.period)
  }

  private func store(_ sums: [Variable<F32>], _ thread: Value<U32>) {
    b.comment("the result")
    let n = b.parameter("n", U32.self)
    let lane = thread & 31
    let row = b.blockIndex(.y) * Self.rows + ((thread >> 5) * 16 + (lane >> 2))
    let column = b.blockIndex(.x) * Self.columns + (lane & 3) * 2
    let start = b.pointer("c") + row.multipliedWide(by: n * 4) + column.multipliedWide(by: 4)
    let eightRows = start + n.multipliedWide(by: 32)
    for block in 0..<(Self.columns / 8) {
      b.store([sums[4 * block].value, sums[4 * block + 1].value], to: start + block * 32)
      b.store([sums[4 * block + 2].value, sums[4 * block + 3].value], to: eightRows + block * 32)
    }
  }
}
