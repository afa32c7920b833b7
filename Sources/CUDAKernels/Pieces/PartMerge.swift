import PTX

/// Merges the parts of few rows where they are computed, which takes no launch of its own.
///
/// Each block counts in device memory when its part is there, and the one that finds all others counted merges them. It
/// does so alone, while the rest of the device has nothing to do: with more rows than a few a second launch is sooner
/// done.
struct PartMerge {
  let frame: ForwardFrame
  let item: WorkItem
  /// The thread's warp among those that compute, the same in all lanes.
  let warp: Value<U32>
  let lane: Value<U32>
  /// 32 bits in which the first thread tells the others what it has counted.
  let slot: Pointer<Shared>
  /// Waits for the threads that compute.
  let synchronize: () -> Void

  private var b: KernelBuilder { frame.b }
  private var kernel: ForwardKernel { frame.kernel }

  /// Counts the part that the block has stored, and merges all where it is the last one.
  func run() {
    b.comment("whoever stores the last part of these rows merges all of them")
    let arrivals =
      b.pointer(ForwardParameter.arrivals.name)
      + (item.batch * frame.parameter(.headTiles, U32.self) + item.headTile).widened * 4
    let isFirst = (warp .== 0) .& (lane .== 0)
    synchronize()
    b.branch(if: isFirst) { b.store(b.synchronizingAdd(1, to: arrivals), to: slot) }
    synchronize()
    let earlier = b.broadcast(b.load(U32.self, from: slot), fromLane: 0)
    b.branch(if: earlier + 1 .== item.splits) {
      // For the next launch.
      b.branch(if: isFirst) { b.store(0 as Value<U32>, to: arrivals) }
      let results = ForwardResults(frame, item)
      let sum = PartSum(
        b: b, element: kernel.element, dimension: kernel.valueDimension, lane: lane, splits: item.splits,
        rows: results.rowCount, outputs: b.pointer(ForwardParameter.partialOutput.name),
        logSumExps: b.pointer(ForwardParameter.partialLogSumExp.name))
      let rows = frame.queryLength.bits(as: U32.self) * kernel.headsPerTile
      b.loop(from: warp, to: rows, step: Value(kernel.tile.computingWarps)) { index in
        let row = TileRow(frame, item, row: index)
        sum.merge(
          results.number(of: row),
          output: (row.address(.output, frame, item), frame.stride(.output, .element)),
          logSumExp: frame.address(.logSumExp))
      }
    }
  }
}
