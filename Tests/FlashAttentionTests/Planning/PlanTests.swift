import KernelIntrinsics
import Testing

@testable import FlashAttention

@Suite("A plan is a pure function of descriptor, options and processor")
struct PlanTests {
  static let gibibyte = 1 << 30

  private func descriptor(
    batch: Int = 1, heads: (Int, Int) = (8, 8), lengths: (Int, Int) = (1024, 1024), dimensions: (Int, Int) = (64, 64),
    mask: AttentionMask = .full
  ) throws -> AttentionDescriptor {
    try AttentionDescriptor(
      shape: AttentionShape(
        batch: batch, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
        headDimension: dimensions.0, valueDimension: dimensions.1), elementType: .float32, mask: mask)
  }

  private func processor(
    without refused: [InstructionSet] = [], cores: Int = 4, memory: Int = 16 * gibibyte
  ) -> Processor {
    Processor(
      refusals: Dictionary(uniqueKeysWithValues: refused.map { ($0, "the processor lacks it") }), cores: cores,
      memory: memory)
  }

  @Test("Heads that fit into a cache and parts of a long one are fetched before their turn, but not a window's parts")
  func fetching() throws {
    let short = try AttentionPlan(descriptor(batch: 4, heads: (12, 12), lengths: (197, 197)), processor: processor())
    #expect(short.fetchesNextHead && !short.fetchesNextPart)
    let long = try AttentionPlan(descriptor(lengths: (8192, 8192)), processor: processor())
    #expect(!long.fetchesNextHead && !long.fetchesNextPart)
    let cache = try AttentionPlan(descriptor(lengths: (1, 32768)), processor: processor())
    #expect(!cache.fetchesNextHead && cache.fetchesNextPart)
    let window = try AttentionPlan(
      descriptor(lengths: (1, 32768), mask: .slidingWindow(left: 4096, right: 0, .bottomRight)), processor: processor())
    #expect(!window.fetchesNextHead && !window.fetchesNextPart)
  }

  @Test(
    "The fastest instruction set that is not refused is taken",
    arguments: [
      ([], .amx), ([.amx], .avx512), ([.avx512bf16, .amx], .avx512), ([.avx512, .avx512bf16, .amx], .avx2),
      ([.avx2, .avx512, .avx512bf16, .amx], .portable),
    ] as [([InstructionSet], InstructionSet)])
  func instructionSet(refused: [InstructionSet], expected: InstructionSet) throws {
    let plan = try AttentionPlan(descriptor(), processor: processor(without: refused))
    #expect(plan.instructionSet == expected)
    #expect(plan.backend == .cpu)
  }

  /// Lengths and dimension of a call that the matrix unit serves or does not.
  struct MatrixUnitCase: Sendable {
    let elementType: AttentionElementType
    let lengths: (queries: Int, keys: Int)
    let dimension: Int
    let isServed: Bool
  }

  @Test(
    "The matrix unit is used where it pays",
    arguments: [
      MatrixUnitCase(elementType: .bfloat16, lengths: (1, 1), dimension: 8, isServed: true),
      MatrixUnitCase(elementType: .float16, lengths: (197, 197), dimension: 64, isServed: true),
      MatrixUnitCase(elementType: .float16, lengths: (16, 9000), dimension: 64, isServed: false),
      MatrixUnitCase(elementType: .float16, lengths: (900, 900), dimension: 16, isServed: false),
      MatrixUnitCase(elementType: .float32, lengths: (256, 256), dimension: 64, isServed: true),
      MatrixUnitCase(elementType: .float32, lengths: (900, 900), dimension: 128, isServed: true),
      MatrixUnitCase(elementType: .float32, lengths: (64, 9000), dimension: 64, isServed: false),
      MatrixUnitCase(elementType: .float32, lengths: (900, 197), dimension: 64, isServed: false),
      MatrixUnitCase(elementType: .float32, lengths: (900, 900), dimension: 16, isServed: false),
      MatrixUnitCase(elementType: .float32, lengths: (900, 900), dimension: 256, isServed: false),
    ])
  func matrixUnit(call: MatrixUnitCase) throws {
    let shape = try AttentionShape(
      batch: 1, queryHeads: 2, keyValueHeads: 2, queryLength: call.lengths.queries, keyLength: call.lengths.keys,
      headDimension: call.dimension, valueDimension: call.dimension)
    let descriptor = try AttentionDescriptor(shape: shape, elementType: call.elementType)
    for direction in [AttentionDirection.forward, .backward] {
      let plan = try AttentionPlan(descriptor, direction, processor: processor())
      let isServed = call.isServed && (direction == .forward || call.elementType != .float32)
      #expect(plan.instructionSet == (isServed ? .amx : .avx512))
    }
  }

  @Test(
    "The dot product of bf16 is used for bf16 where it pays", arguments: [true, false], AttentionElementType.allCases)
  func brainFloatProducts(isFast: Bool, elementType: AttentionElementType) throws {
    var processor = processor(without: [.amx])
    processor.hasFastBrainFloatProducts = isFast
    let descriptor = try AttentionDescriptor(shape: descriptor().shape, elementType: elementType)
    let expected: InstructionSet = isFast && elementType == .bfloat16 ? .avx512bf16 : .avx512
    #expect(try AttentionPlan(descriptor, processor: processor).instructionSet == expected)
  }

  /// A call, and the keys of its blocks: with AVX-512 where wide vectors are halved, and everywhere else.
  struct KeyBlockCase: Sendable {
    let heads: (queries: Int, keys: Int)
    let lengths: (queries: Int, keys: Int)
    var dimension = 64
    let halved: Int
    let whole: Int
  }

  @Test(
    "Where wide vectors are halved, blocks of keys are longer, but for few rows, wide heads and other vectors",
    arguments: [
      KeyBlockCase(heads: (12, 12), lengths: (197, 197), halved: 200, whole: 104),
      KeyBlockCase(heads: (8, 8), lengths: (311, 311), halved: 312, whole: 104),
      KeyBlockCase(heads: (12, 12), lengths: (577, 577), halved: 200, whole: 96),
      KeyBlockCase(heads: (8, 8), lengths: (4096, 4096), dimension: 128, halved: 208, whole: 96),
      KeyBlockCase(heads: (8, 8), lengths: (4096, 4096), dimension: 256, halved: 96, whole: 96),
      KeyBlockCase(heads: (32, 8), lengths: (4, 32768), halved: 208, whole: 96),
      KeyBlockCase(heads: (32, 8), lengths: (3, 32768), halved: 96, whole: 96),
      KeyBlockCase(heads: (8, 8), lengths: (12, 32768), halved: 96, whole: 96),
    ])
  func keyBlocks(call: KeyBlockCase) throws {
    let descriptor = try descriptor(
      heads: (call.heads.queries, call.heads.keys), lengths: (call.lengths.queries, call.lengths.keys),
      dimensions: (call.dimension, call.dimension))
    for (refused, isHalved, expected) in [
      ([InstructionSet.amx], true, call.halved), ([.amx], false, call.whole),
      ([.avx512, .avx512bf16, .amx], true, call.whole),
    ] {
      var processor = processor(without: refused)
      processor.halvesWideVectors = isHalved
      #expect(try AttentionPlan(descriptor, processor: processor).tiles.keyBlock == expected)
    }
    let whole = processor(without: [.amx])
    var halved = whole
    halved.halvesWideVectors = true
    #expect(
      try AttentionPlan(descriptor, .backward, processor: halved).tiles
        == AttentionPlan(descriptor, .backward, processor: whole).tiles)
  }

  #if arch(x86_64)
    @Test(
      "The family of a processor is the sum of two fields",
      arguments: [(0x00a1_0f11, 25), (0x00b0_0f21, 26), (0x000c_06f2, 6)])
    func family(signature: UInt32, family: UInt32) { #expect(ProcessorFeatures.family(signature) == family) }
  #endif

  @Test("A refused instruction set that is asked for is an error with the reason")
  func refusedInstructionSet() throws {
    let error = #expect(throws: AttentionError.self) {
      try AttentionPlan(
        descriptor(), options: ExecutionOptions(instructionSet: .avx512),
        processor: processor(without: [.avx512, .avx512bf16]))
    }
    #expect(error?.description == "instruction set avx512 is not available: the processor lacks it")
  }

  @Test("An instruction set that is not the fastest can be asked for")
  func slowerInstructionSet() throws {
    let plan = try AttentionPlan(
      descriptor(), options: ExecutionOptions(instructionSet: .avx2), processor: processor())
    #expect(plan.instructionSet == .avx2)
  }

  @Test("Equal inputs give equal plans")
  func equality() throws {
    let one = try AttentionPlan(descriptor(), .backward, processor: processor())
    let other = try AttentionPlan(descriptor(), .backward, processor: processor())
    #expect(one == other)
    #expect(try AttentionPlan(descriptor(), .forward, processor: processor()) != one)
  }

  @Test("The other back ends are listed with the reasons against them")
  func refusals() throws {
    let chosen = try AttentionPlan(descriptor(), processor: processor())
    #expect(chosen.refusals.map(\.backend) == [.standard, .cuda])
    #expect(chosen.refusals[0].reason.contains("cpu serves the call"))
    let asked = try AttentionPlan(
      descriptor(), options: ExecutionOptions(backend: .standard), processor: processor())
    #expect(asked.backend == .standard)
    #expect(
      asked.refusals == [
        .init(backend: .cpu, reason: "standard was asked for"), .init(backend: .cuda, reason: "standard was asked for"),
      ])
  }

  @Test(
    "A device is not chosen for tensors in the machine's memory, for the first reason that there is",
    arguments: [
      (.float32, .forward, nil, "tensor cores would round fp32 elements to tf32, which has not been asked for"),
      (.bfloat16, .backward, nil, "its gradients are not there yet"),
      (.float16, .forward, "no NVIDIA driver", "no NVIDIA driver"),
      (.float16, .forward, nil, "the tensors are in the machine's memory; asked for by name, it copies them"),
    ] as [(AttentionElementType, AttentionDirection, String?, String)])
  func device(
    elementType: AttentionElementType, direction: AttentionDirection, machine: String?, reason: String
  ) throws {
    let descriptor = try AttentionDescriptor(shape: descriptor().shape, elementType: elementType)
    let plan = try AttentionPlan(
      descriptor, direction, options: ExecutionOptions(), processor: processor(), deviceRefusal: machine)
    #expect(plan.backend == .cpu)
    #expect(plan.refusals.last == .init(backend: .cuda, reason: reason))
  }

  @Test("A plan of the processor for a device that was asked for is an error")
  func askedForDevice() throws {
    let descriptor = try AttentionDescriptor(shape: descriptor().shape, elementType: .float16)
    let options = ExecutionOptions(backend: .cuda)
    let error = #expect(throws: AttentionError.self) {
      try AttentionPlan(descriptor, options: options, processor: processor())
    }
    #expect(error?.description == "back end cuda is not available: its plan is a CUDAAttentionPlan")
  }

  @Test("Standard attention is refused where its matrices do not fit", arguments: AttentionDirection.allCases)
  func standardMemory(direction: AttentionDirection) throws {
    // 8 heads of 1024² scores take 32 MiB forward, and twice that backward.
    let bytes = direction == .forward ? 32 << 20 : 64 << 20
    let standard = ExecutionOptions(backend: .standard)
    let fitting = try AttentionPlan(
      descriptor(), direction, options: standard, processor: processor(memory: bytes / 4 * 5 + 5))
    #expect(fitting.backend == .standard)
    let error = #expect(throws: AttentionError.self) {
      try AttentionPlan(descriptor(), direction, options: standard, processor: processor(memory: bytes))
    }
    let size = direction == .forward ? "32.0 MiB" : "64.0 MiB"
    #expect(
      error?.description
        == "back end standard is not available: its score matrices need \(size) of the machine's \(size)")
    // Flash attention serves the same machine.
    #expect(try AttentionPlan(descriptor(), direction, processor: processor(memory: bytes)).backend == .cpu)
  }

  @Test("Score matrices beyond 2⁶³ bytes are refused and not overflowed")
  func hugeStandardMatrix() throws {
    let error = #expect(throws: AttentionError.self) {
      try AttentionPlan(
        descriptor(lengths: (1 << 31, 1 << 31)), options: ExecutionOptions(backend: .standard),
        processor: processor())
    }
    #expect(error?.description.contains("more than 2^63 bytes") == true)
  }

  @Test("There is a thread per core unless told otherwise, never more than items of work, and always one")
  func threads() throws {
    func threads(
      _ lengths: (Int, Int), _ direction: AttentionDirection, heads: (Int, Int) = (1, 1), cores: Int = 64,
      asked: Int? = nil
    ) throws -> Int {
      try AttentionPlan(
        descriptor(heads: heads, lengths: lengths), direction, options: ExecutionOptions(threads: asked),
        processor: processor(cores: cores)
      ).threads
    }
    // AVX-512: groups of 48 queries forward and of 48 keys backward, one in an item where there is little work.
    #expect(try threads((48, 2047), .forward) == 1)
    #expect(try threads((49, 2047), .forward) == 2)
    // Nine parts of at least 1024 keys.
    #expect(try threads((48, 9999), .forward) == 9)
    #expect(try threads((9999, 48), .backward) == 1)
    #expect(try threads((9999, 97), .backward) == 3)
    #expect(try threads((48 * 100, 960), .forward) == 64)
    #expect(try threads((48 * 100, 960), .forward, asked: 100) == 100)
    #expect(try threads((48 * 100, 960), .forward, asked: 3) == 3)
    #expect(try threads((48, 96), .forward, asked: 1000) == 1)
    #expect(try threads((0, 10), .forward) == 1)
    #expect(try threads((10, 0), .backward) == 1)
    // Three heads of 32 queries that share their keys fill one block.
    #expect(try threads((32, 500), .forward, heads: (6, 2)) == 2)
    #expect(try threads((32, 500), .forward, heads: (6, 6)) == 6)
  }

  @Test("A call that is too small to pay for another thread gets none, asked for or not")
  func payingThreads() throws {
    func threads(_ heads: Int, _ length: Int, keys: Int, _ direction: AttentionDirection = .forward) throws -> Int {
      try AttentionPlan(
        descriptor(heads: (heads, heads), lengths: (length, keys)), direction, options: ExecutionOptions(threads: 64),
        processor: processor(cores: 64)
      ).threads
    }
    #expect(try threads(1, 64, keys: 64) == 1)
    #expect(try threads(1, 64, keys: 64, .backward) == 1)
    #expect(try (2...8).contains(threads(8, 64, keys: 64)))
    #expect(try threads(8, 512, keys: 512) == 64)
    // A single query does little, but it reads all keys and values.
    #expect(try threads(1, 1, keys: 100) == 1)
    #expect(try threads(1, 1, keys: 65536) > 32)
  }

  @Test(
    "A plan knows the scratch memory of each kernel without calling it", arguments: InstructionSet.usable,
    AttentionDirection.allCases)
  func workspaceSize(set: InstructionSet, direction: AttentionDirection) throws {
    for (dimensions, element) in [
      ((64, 64), .float32), ((33, 17), .bfloat16), ((128, 96), .bfloat16), ((8, 24), .float16),
    ]
      as [((Int, Int), AttentionElementType)]
    {
      let descriptor = try AttentionDescriptor(shape: descriptor(dimensions: dimensions).shape, elementType: element)
      let plan = try AttentionPlan(descriptor, direction, options: ExecutionOptions(instructionSet: set))
      var problem = KernelProblem(plan)
      problem.query.element = element.kernelElement
      let kernels = KernelSet.kernels(for: set)
      let own =
        direction == .forward ? kernels.forwardWorkspaceSize(&problem) : kernels.backwardWorkspaceSize(&problem)
      #expect(plan.workspaceBytes == own)
    }
  }

  @Test("More rows never want fewer keys to go row by row", arguments: [4, 8, 16], [false, true])
  func fewRows(lanes: Int, pairs: Bool) {
    let rows = Array(0...2 * lanes) + [.max / 4 + 1, .max / 2 + 1, .max]
    let keys = rows.map { kernel_fewest_keys_of_few_rows($0, lanes, pairs) }
    #expect(keys == keys.sorted())
    #expect(keys[1] == 0 && keys[kernel_most_few_rows(lanes)] < .max && keys[kernel_most_few_rows(lanes) + 1] == .max)
  }

  @Test("A plan knows the width of each kernel's lane groups", arguments: InstructionSet.usable)
  func laneGroupWidth(set: InstructionSet) {
    #expect(AttentionPlan.laneGroupWidth(set) == KernelSet.kernels(for: set).laneGroupWidth)
  }
}
