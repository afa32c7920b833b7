import CUDAKernels

extension CUDAAttentionPlan {
  /// What the choice decided against, and why.
  static func refusals(
    _ choice: ForwardChoice, _ descriptor: AttentionDescriptor, _ layout: CUDARowLayout, _ device: CUDADeviceTraits
  ) -> [Refusal] {
    var refusals: [Refusal] = []
    switch choice.kernel.tile.engine {
    case .warps:
      refusals.append(
        Refusal(alternative: "warpgroups", reason: warpgroupRefusal(choice.kernel, layout, device)))
    case .warpgroups:
      refusals.append(Refusal(alternative: "warps", reason: "warpgroups, fed by bulk copies, serve the call"))
    }
    if choice.splits == 1 {
      refusals.append(Refusal(alternative: "split keys", reason: splitRefusal(choice, descriptor, device)))
    }
    return refusals
  }

  private static func warpgroupRefusal(
    _ kernel: ForwardKernel, _ layout: CUDARowLayout, _ device: CUDADeviceTraits
  ) -> String {
    if let reason = device.warpgroupRefusal { return reason }
    if device.traits.capability != GPUTraits.Capability(9, 0) {
      return "they need compute capability 9.0"
    }
    if let reason = layout.mapRefusal { return reason.description }
    return "\(kernel.headsPerTile) heads share a tile, which does not divide 64 rows"
  }

  private static func splitRefusal(
    _ choice: ForwardChoice, _ descriptor: AttentionDescriptor, _ device: CUDADeviceTraits
  ) -> String {
    let shape = descriptor.shape
    let rows = shape.queryLength * choice.kernel.headsPerTile
    let fewSteps = ForwardChoice.fewSteps(rows: rows)
    if shape.keyLength <= fewSteps * choice.kernel.tile.keys { return "the keys are \(fewSteps) steps or fewer" }
    let rowTiles = (rows + choice.kernel.tile.rows - 1) / choice.kernel.tile.rows
    let tiles = shape.batch * (shape.queryHeads / choice.kernel.headsPerTile) * rowTiles
    return "\(tiles) tiles for \(device.multiprocessors) multiprocessors, parts would not use these better"
  }
}
