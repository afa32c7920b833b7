import PTX

/// The forward pass by products of warpgroups, for compute capability 9.0 (Shah et al., *FlashAttention-3*, 2024,
/// sections 3.1 and 3.2).
///
/// One warp brings tiles of queries, keys and values by bulk copies; each warpgroup computes 64 rows. Blocks of threads
/// stay and take one tile after the other, so that the first copies for a tile run under the last products of the one
/// before it.
struct WarpgroupForward {
  let frame: ForwardFrame
  let memory: WarpgroupMemory
  let shared: Pointer<Shared>
  let rings: (query: Ring, key: Ring, value: Ring)
  let queue: TileQueue
  let thread: Value<U32>

  var b: KernelBuilder { frame.b }
  var kernel: ForwardKernel { frame.kernel }

  init(_ b: KernelBuilder, _ kernel: ForwardKernel, stages: Int) {
    precondition(kernel.access == .chunks(bytes: 16), "bulk copies take rows that begin at multiples of 16 bytes")
    precondition(64 % kernel.headsPerTile == 0, "the rows of a warpgroup belong to whole queries")
    frame = ForwardFrame(b, kernel)
    memory = WarpgroupMemory(kernel, stages: stages)
    shared = b.sharedMemory()
    rings = memory.rings(shared)
    queue = TileQueue(frame: frame, queries: rings.query, slots: shared + memory.slots)
    thread = b.threadIndex()
  }

  func write() {
    b.comment("barriers: a warp arrives for itself")
    b.branch(if: thread .== 0) {
      for ring in [rings.query, rings.key, rings.value] { ring.initialize(b, readers: 4 * kernel.tile.units) }
      b.fenceBarriers()
    }
    b.synchronizeBlock()
    // The same in all lanes, so that the compiler knows that warps do not diverge.
    let warpgroup = b.broadcast(thread >> 7, fromLane: 0)
    b.branch(if: warpgroup .== 0) {
      b.comment("the producer")
      b.setMaximumRegisters(.decrease, to: registers.producer)
      let warp = b.broadcast(thread >> 5, fromLane: 0)
      b.branch(if: warp .== 0) { b.branch(if: b.electedThread()) { TileProducer(self).write() } }
    } else: {
      b.comment("consumers: \(kernel.tile.units) warpgroups of 64 rows, \(kernel.tile.keys) keys a step")
      b.setMaximumRegisters(.increase, to: registers.consumer)
      TileConsumer(self, warpgroup: warpgroup - 1).write()
    }
  }

  /// The registers of a thread: 64 Ki divided unequally, by eights.
  private var registers: (producer: Int, consumer: Int) {
    switch kernel.tile.units {
    case 1: (56, 256)
    case 2: (24, 240)
    default: (32, 160)
    }
  }
}
