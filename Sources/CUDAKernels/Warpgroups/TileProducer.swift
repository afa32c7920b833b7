import PTX

/// One thread that asks for the tiles of queries, keys and values as their places become free.
struct TileProducer {
  let pass: WarpgroupForward

  private var b: KernelBuilder { pass.b }

  init(_ pass: WarpgroupForward) { self.pass = pass }

  func write() {
    let kernel = pass.kernel
    let maps = [ForwardParameter.Operand.query, .key, .value].map { b.tensorMap(ForwardParameter.map($0).name) }
    maps.forEach(b.prefetch)
    let query = Ring.Position(b, pass.rings.query, fills: true)
    let key = Ring.Position(b, pass.rings.key, fills: true)
    let value = Ring.Position(b, pass.rings.value, fills: true)

    pass.queue.bring(query) { item, passOn in
      let keys = KeyRange(pass.frame, item)
      let head = item.keyHead.bits(as: S32.self)
      let batch = item.batch.bits(as: S32.self)
      func bring(_ map: TensorMap, _ block: Value<S32>, _ position: Ring.Position) {
        fill(position, from: map) { [$0, block * kernel.tile.keys, head, batch] }
      }
      let seesKeys = keys.first .< keys.end
      b.comment("the first keys, then queries, whose place may be free only when the tile before has been written")
      b.branch(if: seesKeys) { bring(maps[1], keys.first, key) }
      let firstQuery = (item.firstRow / kernel.headsPerTile).bits(as: S32.self)
      // Also where they see no key: the warps that compute wait for them.
      fill(query, from: maps[0], passOn) { [$0, 0, firstQuery, item.headTile.bits(as: S32.self), batch] }
      b.branch(if: seesKeys) {
        b.comment("the keys of a step come before the values of the step before it, as they are needed")
        b.loop(from: keys.first + 1, to: keys.end) { block in
          bring(maps[1], block, key)
          bring(maps[2], block - 1, value)
        }
        bring(maps[2], keys.end - 1, value)
      }
    }
  }

  /// Waits for the next place, and asks for the tile at `coordinates` of the first column of each panel.
  ///
  /// - Parameter whenEmpty: What else is written while the place is empty.
  private func fill(
    _ position: Ring.Position, from map: TensorMap, _ whenEmpty: () -> Void = {},
    _ coordinates: (_ column: Value<S32>) -> [Value<S32>]
  ) {
    let layout = position.ring.layout
    position.waitUntilEmpty()
    whenEmpty()
    let full = position.ring.full(position.stage)
    b.arrive(at: full, expectingBytes: layout.byteCount)
    for panel in 0..<layout.panels {
      b.copyTile(
        of: map, at: coordinates(Value(panel * layout.panelColumns)),
        to: position.tile.start + panel * layout.panelBytes, arrivingAt: full)
    }
    position.advance()
  }
}
