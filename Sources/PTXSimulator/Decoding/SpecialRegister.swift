/// A register that the hardware fills and that does not change while a thread runs (PTX ISA, section 10).
enum SpecialRegister: String, CaseIterable {
  case threadX = "%tid.x"
  case threadY = "%tid.y"
  case threadZ = "%tid.z"
  case threadsX = "%ntid.x"
  case threadsY = "%ntid.y"
  case threadsZ = "%ntid.z"
  case blockX = "%ctaid.x"
  case blockY = "%ctaid.y"
  case blockZ = "%ctaid.z"
  case blocksX = "%nctaid.x"
  case blocksY = "%nctaid.y"
  case blocksZ = "%nctaid.z"
  case lane = "%laneid"
  case warp = "%warpid"
  case warps = "%nwarpid"
  case lanesEqual = "%lanemask_eq"
  case lanesLess = "%lanemask_lt"
  case lanesLessOrEqual = "%lanemask_le"
  case lanesGreater = "%lanemask_gt"
  case lanesGreaterOrEqual = "%lanemask_ge"
  case clusterX = "%clusterid.x"
  case clusterY = "%clusterid.y"
  case clusterZ = "%clusterid.z"
  case clustersX = "%nclusterid.x"
  case clustersY = "%nclusterid.y"
  case clustersZ = "%nclusterid.z"
  case blockInClusterX = "%cluster_ctaid.x"
  case blockInClusterY = "%cluster_ctaid.y"
  case blockInClusterZ = "%cluster_ctaid.z"
  case blocksInClusterX = "%cluster_nctaid.x"
  case blocksInClusterY = "%cluster_nctaid.y"
  case blocksInClusterZ = "%cluster_nctaid.z"
  case blockRank = "%cluster_ctarank"
  case blockRanks = "%cluster_nctarank"
  case multiprocessor = "%smid"
  case multiprocessors = "%nsmid"
  case grid = "%gridid"
  case dynamicSharedBytes = "%dynamic_smem_size"
  case totalSharedBytes = "%total_smem_size"

  /// Those that change while a thread runs.
  static let clocks = ["%clock", "%clock_hi", "%clock64", "%globaltimer", "%globaltimer_lo"]

  /// All names that text may use.
  static let names = Set(allCases.map(\.rawValue) + clocks)
}
