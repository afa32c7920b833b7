import Tensors

extension LaunchShape {
  /// Throws where a kernel cannot be launched in this shape, and names the field.
  func validate(for kernel: KernelFunction) throws(AttentionError) {
    try require(
      (1..<1 << 31).contains(grid.x) && (1..<1 << 16).contains(grid.y) && (1..<1 << 16).contains(grid.z), "grid",
      grid, "1 to 2^31 - 1 by 1 to 65535 by 1 to 65535 blocks")
    try require(
      (1...1024).contains(block.x) && (1...1024).contains(block.y) && (1...64).contains(block.z)
        && block.count <= kernel.maximumThreads,
      "block", block, "1 to \(kernel.maximumThreads) threads")
    try require(
      (0...kernel.dynamicSharedBytes).contains(sharedBytes), "sharedBytes", sharedBytes,
      "at most the \(kernel.dynamicSharedBytes) bytes that the kernel was loaded with")
    if let cluster {
      try validate(cluster: cluster, on: kernel.context.device)
    }
    try require(
      !overlapsPredecessor || kernel.context.device.capability >= .hopper, "overlapsPredecessor", overlapsPredecessor,
      "false below compute capability \(ComputeCapability.hopper)")
  }

  private func validate(cluster: LaunchExtent, on device: CUDADevice) throws(AttentionError) {
    try require(
      device.capability >= .hopper, "cluster", cluster,
      "no cluster below compute capability \(ComputeCapability.hopper)")
    try require(
      cluster.x > 0 && cluster.y > 0 && cluster.z > 0 && cluster.x <= 8 && cluster.y <= 8 && cluster.z <= 8
        && cluster.count <= 8,
      "cluster", cluster, "1 to 8 blocks")
    try require(
      grid.x.isMultiple(of: cluster.x) && grid.y.isMultiple(of: cluster.y) && grid.z.isMultiple(of: cluster.z),
      "cluster", cluster, "extents that divide the grid of \(grid)")
  }

  private func require(
    _ condition: Bool, _ field: String, _ was: some Any, _ expected: String
  ) throws(AttentionError) {
    guard condition else {
      throw .invalidArgument("launch \(field)", was: "\(was)", expected: expected)
    }
  }
}
