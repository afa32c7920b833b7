import PTX

/// The sum of an array of fp32 numbers: a loop over the grid, a butterfly within warps, shared memory between them, and
/// one addition to memory for each block.
package enum SumKernel {
  package static let threads = 256

  package static func module(for target: Target) -> Module {
    var module = Module(target: target)
    module.addKernel(
      "sum", threads: threads,
      parameters: [.scalar("numbers", U64.self), .scalar("count", U32.self), .scalar("result", U64.self)],
      write)
    return module
  }

  private static func write(_ b: KernelBuilder) {
    let numbers = b.pointer("numbers")
    let count = b.parameter("count", U32.self)
    let thread = b.threadIndex()

    b.comment("each thread sums every gridth number")
    let sum = b.variable(0.0 as Value<F32>)
    b.loop(from: b.blockIndex() * threads + thread, to: count, step: b.gridSize() * threads) { index in
      sum.add(b.load(F32.self, from: numbers + index.multipliedWide(by: 4)))
    }

    b.comment("lanes of a warp")
    let lanes = warpSum(sum.value, b)

    b.comment("warps of the block")
    let lane = b.laneIndex()
    let warp = thread >> 5
    let shared = b.sharedMemory()
    b.branch(if: lane .== 0) { b.store(lanes, to: shared + warp * 4) }
    b.synchronizeBlock()
    b.branch(if: warp .== 0) {
      let ofWarp = b.variable(0.0 as Value<F32>)
      b.branch(if: lane .< threads / 32) { ofWarp.value = b.load(F32.self, from: shared + lane * 4) }
      let total = warpSum(ofWarp.value, b)
      b.branch(if: lane .== 0) { b.reduceAdd(total, to: b.pointer("result")) }
    }
  }

  private static func warpSum(_ value: Value<F32>, _ b: KernelBuilder) -> Value<F32> {
    [16, 8, 4, 2, 1].reduce(value) { sum, mask in sum + b.exchange(sum, acrossLanes: mask) }
  }
}
