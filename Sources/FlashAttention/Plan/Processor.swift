import KernelIntrinsics

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The CPU as a plan sees it: a plain value, so that plans for any machine can be made and tested on any other.
public struct Processor: Sendable, Hashable {
  /// The instruction sets that may be used, with the reasons against the others.
  public var refusals: [InstructionSet: String]
  /// The number of processors that this process may run on.
  public var cores: Int
  /// The size of one core's first-level data cache, in bytes.
  public var level1Cache: Int
  /// The size of one core's second-level cache, in bytes.
  public var level2Cache: Int
  /// The size of the last-level cache, in bytes.
  public var level3Cache: Int
  /// The physical memory, in bytes.
  public var memory: Int
  /// Whether the bf16 dot product does more work in a cycle than fp32 multiply-adds.
  ///
  /// It does on AMD's cores. Intel's leave bf16 to their matrix unit, and without that bf16 is better converted to
  /// fp32: on Emerald Rapids `flash bench --dtype bf16` reached 0.56 times as many operations a second with `--isa
  /// avx512bf16` as with `--isa avx512`.
  public var hasFastBrainFloatProducts: Bool
  /// Whether instructions of 512 bits take twice as long as those of 256, as on Zen 4, the only processor of which
  /// ``current`` says so. Blocks of keys are longer there.
  public var halvesWideVectors: Bool

  /// A processor of the given kind.
  public init(
    refusals: [InstructionSet: String] = [:], cores: Int, level1Cache: Int = 32 << 10, level2Cache: Int = 1 << 20,
    level3Cache: Int = 32 << 20, memory: Int, hasFastBrainFloatProducts: Bool = true,
    halvesWideVectors: Bool = false
  ) {
    self.refusals = refusals
    self.cores = cores
    self.level1Cache = level1Cache
    self.level2Cache = level2Cache
    self.level3Cache = level3Cache
    self.memory = memory
    self.hasFastBrainFloatProducts = hasFastBrainFloatProducts
    self.halvesWideVectors = halvesWideVectors
  }

  /// The processor that this process runs on.
  public static let current: Processor = {
    var refusals: [InstructionSet: String] = [:]
    for set in InstructionSet.allCases { refusals[set] = set.refusal }
    var processor = Processor(
      refusals: refusals, cores: availableCores(),
      memory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
      hasFastBrainFloatProducts: ProcessorFeatures.current.isAMD,
      halvesWideVectors: ProcessorFeatures.current.halvesWideVectors)
    // What the kernel does not tell is as above, which is typical.
    let caches = CacheSizes()
    processor.level1Cache = caches[1] ?? processor.level1Cache
    processor.level2Cache = caches[2] ?? processor.level2Cache
    processor.level3Cache = caches[3] ?? processor.level3Cache
    return processor
  }()

  /// Whether what decoding reads soon is better asked for in the first-level cache than in the second.
  ///
  /// Zen 5, with 48 KiB, does best with 2 KiB of each stream on their way there. On Zen 4, with 32 KiB, that is slower
  /// than asking for nothing, and 1 KiB on their way to the second-level cache makes `flash bench --shape
  /// 1,32,8,1,131072,128,128 --threads 1` 1.2 times as fast. Of other processors those of Intel with AVX-512 and 32 KiB
  /// go the same way, which is not measured.
  var fetchesIntoLevel1: Bool { level1Cache >= 48 << 10 }

  /// The number of processors in this process's affinity mask, which containers and `taskset` narrow.
  private static func availableCores() -> Int {
    let count = Int(processor_available_count())
    return count > 0 ? count : max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
  }

  /// The fastest instruction set that may be used for a call.
  ///
  /// `avx512bf16` differs from `avx512` for bf16 only, and `amx` for 16-bit types and in the forward pass of fp32.
  public func bestInstructionSet(
    for descriptor: AttentionDescriptor, direction: AttentionDirection = .forward
  ) -> InstructionSet {
    InstructionSet.allCases.last { set in
      let pays =
        switch set {
        case .portable, .avx2, .avx512: true
        case .avx512bf16: descriptor.elementType == .bfloat16 && hasFastBrainFloatProducts
        case .amx: Self.matrixUnitPays(descriptor, direction)
        }
      return pays && refusals[set] == nil
    } ?? .portable
  }

  /// Whether the matrix unit is faster than multiply-adds, as measured on Emerald Rapids.
  ///
  /// fp16 numbers take twice as many moves and four times as many products as bf16 numbers. Where dimensions are 16
  /// that is as slow as multiply-adds, and beside the few queries of a decoding step the moves of K and V alone are.
  /// fp32 numbers take three times as many moves and six times as many products, and so some more queries, and keys
  /// that a query sees.
  private static func matrixUnitPays(_ descriptor: AttentionDescriptor, _ direction: AttentionDirection) -> Bool {
    let shape = descriptor.shape
    switch descriptor.elementType {
    case .bfloat16: return true
    case .float16:
      return shape.headDimension + shape.valueDimension >= 64 && shape.queryLength * shape.headsPerGroup >= 48
    case .float32:
      let pairs = descriptor.mask.permittedPairs(queryLength: shape.queryLength, keyLength: shape.keyLength)
      // Only heads with no more queries than a lane group share a block.
      let fitsLanes = shape.queryLength <= AttentionPlan.laneGroupWidth(.amx)
      let queries = fitsLanes ? shape.queryLength * shape.headsPerGroup : shape.queryLength
      return InstructionSet.amx.matrixUnitParts(descriptor, .cpu, direction) > 0
        && shape.headDimension + shape.valueDimension >= 64 && queries >= 96
        && pairs >= 224 * Double(shape.queryLength)
    }
  }
}
