/// Kinds of instructions that a report counts.
public enum OpcodeClass: Int, Sendable, CaseIterable {
  case move, integer, float32, float64, halfPrecision, conversion, comparison
  case globalLoad, globalStore, sharedLoad, sharedStore, parameterLoad, atomic, fence
  case warp, blockBarrier, controlFlow, matrixLoad, matrixStore, matrixProduct
  case asynchronousCopy, memoryBarrier, bulkCopy, warpgroupProduct, warpgroupControl, other
}
