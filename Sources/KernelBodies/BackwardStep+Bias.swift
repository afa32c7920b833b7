import KernelIntrinsics

// The gradient of the bias is dS before the softcap's derivative, because the bias is added after the cap. An axis
// that the bias repeats has stride 0, and its gradients add up.
extension BackwardStep {
  @inline(never)
  func addBiasGradient(_ groups: BlockRange) {
    let gradient = problem.biasGradient
    let keys = pass.lanes(of: groups)
    let repeatsAlongQueries = gradient.rowStride == 0
    if !repeatsAlongQueries { pass.waitForBiasGradientTurn(number) }
    var row = 0
    while row < queries.count {
      let source = scoreGradients(groups.start, row: row)
      if repeatsAlongQueries {
        add(source, count: keys.count, to: pass.biasSums + keys.start, stride: 1)
      } else {
        let offset =
          gradient.offset(batch: pass.item.batch, head: head, row: queries.start + row)
          + (pass.item.firstKey + keys.start) * gradient.columnStride
        add(source, count: keys.count, to: pass.biasGradient + offset, stride: gradient.columnStride)
      }
      row += 1
    }
  }
}

extension BackwardPass {
  var biasGradient: UnsafeMutablePointer<Float> {
    problem.biasGradient.base.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
  }

  /// The sums over queries of a bias that repeats along the queries: kept here and added once per head, so that items
  /// that share them need not take turns at every step.
  var biasSums: UnsafeMutablePointer<Float> { memory.floats(at: layout.biasSums) }

  func clearBiasSums() {
    if problem.biasGradient.isPresent { biasSums.update(repeating: 0, count: layout.width) }
  }

  func commitBiasSums(head: Int) {
    let gradient = problem.biasGradient
    if !gradient.isPresent || gradient.rowStride != 0 { return }
    if let predecessor = item.biasGradientPredecessor { wait(for: predecessor, toFinish: Int.max) }
    let offset =
      gradient.offset(batch: item.batch, head: item.keyValueHead * headsPerGroup + head, row: 0)
      + item.firstKey * gradient.columnStride
    add(biasSums, count: item.keys, to: biasGradient + offset, stride: gradient.columnStride)
  }

  /// Waits until the item before this one in the order of the bias has finished with the queries of step `number` in
  /// all heads of its group.
  func waitForBiasGradientTurn(_ number: Int) {
    guard let predecessor = item.biasGradientPredecessor else { return }
    wait(for: predecessor, toFinish: (headsPerGroup - 1) * queryBlocks + number % queryBlocks + 1)
  }
}

private func add(_ source: UnsafePointer<Float>, count: Int, to target: UnsafeMutablePointer<Float>, stride: Int) {
  var key = 0
  while key < count {
    target[key * stride] += source[key]
    key += 1
  }
}
