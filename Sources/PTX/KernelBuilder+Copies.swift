// Copies between global and shared memory that run while threads go on.
extension KernelBuilder {
  // MARK: By threads, from sm_80 on

  /// Copies 4, 8 or 16 bytes, which lie at multiples of their size; with `validBytes` only so many, and zeros behind
  /// them.
  public func copyAsync(
    bytes: Int = 16, from source: Pointer<Global>, to destination: Pointer<Shared>, validBytes: Value<U32>? = nil
  ) {
    precondition([4, 8, 16].contains(bytes), "4, 8 or 16 bytes are copied at once")
    let valid = validBytes.map { ", " + $0.text } ?? ""
    // Only whole chunks of 16 bytes can pass by the first-level cache.
    let cache = bytes == 16 ? "cg" : "ca"
    emit("cp.async.\(cache).shared.global", destination.text, source.text, "\(bytes)" + valid)
  }

  /// Makes a group of the thread's copies since the last one.
  public func commitCopies() { emit("cp.async.commit_group") }

  /// Waits until at most `pending` of the thread's groups are under way.
  public func waitForCopies(pending: Int) { emit("cp.async.wait_group", "\(pending)") }

  /// Waits until all of the thread's copies have come, whether or not they are of a group.
  public func waitForAllCopies() { emit("cp.async.wait_all") }

  // MARK: Of tiles, on sm_90

  /// Copies the tile at `coordinates`, innermost first, into shared memory; elements outside the tensor are zero. The
  /// bytes arrive at `barrier`.
  public func copyTile(
    of map: TensorMap, at coordinates: [Value<S32>], to destination: Pointer<Shared>, arrivingAt barrier: MemoryBarrier
  ) {
    require(.sm90a, "cp.async.bulk.tensor")
    emit(
      "cp.async.bulk.tensor.\(coordinates.count)d.shared::cluster.global.tile.mbarrier::complete_tx::bytes",
      destination.text, "[\(map.address.text), \(Self.list(coordinates))]", barrier.address.text)
  }

  /// Brings the description of a tensor nearer before it is used.
  public func prefetch(_ map: TensorMap) {
    require(.sm90a, "prefetch.tensormap")
    emit("prefetch.tensormap", "[\(map.address.text)]")
  }

  /// Copies a tile from shared memory to the tensor; elements outside it are left out.
  public func copyTile(from source: Pointer<Shared>, to map: TensorMap, at coordinates: [Value<S32>]) {
    require(.sm90a, "cp.async.bulk.tensor")
    emit(
      "cp.async.bulk.tensor.\(coordinates.count)d.global.shared::cta.tile.bulk_group",
      "[\(map.address.text), \(Self.list(coordinates))]", source.text)
  }

  /// Makes a group of the thread's bulk stores since the last one.
  public func commitBulkStores() {
    require(.sm90a, "cp.async.bulk.commit_group")
    emit("cp.async.bulk.commit_group")
  }

  /// Waits until the sources of all but `pending` of the thread's groups may be written again.
  public func waitForBulkSources(pending: Int) {
    require(.sm90a, "cp.async.bulk.wait_group")
    emit("cp.async.bulk.wait_group.read", "\(pending)")
  }
}
