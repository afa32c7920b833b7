import Testing

@testable import FlashAttention

@Suite("The traffic that a plan predicts")
struct TrafficTests {
  private func traffic(
    _ lengths: (Int, Int), _ direction: AttentionDirection = .forward, _ backend: ProcessorBackend = .cpu,
    heads: (Int, Int) = (1, 1), dimension: Int = 64, mask: AttentionMask = .full,
    element: AttentionElementType = .float32, set: InstructionSet? = nil,
    caches: (Int, Int, Int) = (32 << 10, 512 << 10, 32 << 20), halvesWideVectors: Bool = false
  ) throws -> AttentionCost.Traffic {
    let shape = try AttentionShape(
      batch: 1, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
      headDimension: dimension, valueDimension: dimension)
    return try AttentionPlan(
      AttentionDescriptor(shape: shape, elementType: element, mask: mask), direction,
      options: ExecutionOptions(instructionSet: set, threads: 1),
      processor: Processor(
        cores: 1, level1Cache: caches.0, level2Cache: caches.1, level3Cache: caches.2, memory: 1 << 40,
        halvesWideVectors: halvesWideVectors)
    ).cost(of: backend).traffic
  }

  private func levels(_ traffic: AttentionCost.Traffic) -> [Double] {
    [traffic.level2, traffic.level3, traffic.memory]
  }

  /// What cachegrind measured as `scripts/measure-cache-misses` does, but with the second level as the last one.
  struct Measurement: Sendable {
    let tokens: Int
    let direction: AttentionDirection
    let backend: ProcessorBackend
    let level1Cache: Int
    let level2Cache: Int
    /// Into the first level and, unless the forward pass before it leaves too much of it there, the second level, in
    /// MiB.
    let fetched: [Double]

    init(
      _ tokens: Int, _ direction: AttentionDirection, _ backend: ProcessorBackend, _ level1Cache: Int,
      _ level2Cache: Int,
      _ fetched: [Double]
    ) {
      self.tokens = tokens
      self.direction = direction
      self.backend = backend
      self.level1Cache = level1Cache << 10
      self.level2Cache = level2Cache << 10
      self.fetched = fetched
    }
  }
  static let measurements = [
    Measurement(512, .forward, .cpu, 32, 512, [9.5, 0.6]),
    Measurement(512, .forward, .standard, 32, 512, [15.8, 3.7]),
    Measurement(512, .backward, .cpu, 32, 512, [30.3, 3.0]),
    Measurement(512, .backward, .standard, 32, 512, [35.4, 6.4]),
    Measurement(512, .forward, .standard, 32, 1024, [15.8, 3.67]),
    Measurement(512, .backward, .standard, 32, 1024, [35.5, 6.19]),
    Measurement(512, .forward, .standard, 48, 1280, [11.8, 2.51]),
    Measurement(512, .backward, .standard, 48, 1280, [31.2, 6.14]),
    Measurement(512, .forward, .cpu, 48, 2048, [8.46, 0.59]),
    Measurement(512, .forward, .standard, 48, 2048, [11.8, 1.55]),
    Measurement(512, .backward, .cpu, 48, 2048, [27.9]),
    Measurement(512, .backward, .standard, 48, 2048, [31.2, 5.53]),
    Measurement(1024, .forward, .cpu, 32, 512, [33.5, 3.2]),
    Measurement(1024, .forward, .standard, 32, 512, [69.6, 13.4]),
    Measurement(1024, .backward, .cpu, 32, 512, [113.3, 8.7]),
    Measurement(1024, .backward, .standard, 32, 512, [137.6, 65.9]),
  ]

  @Test(
    "It is within a quarter of what simulated caches of the same sizes fetch",
    .enabled(if: InstructionSet.usable.contains(.avx2)), arguments: measurements)
  func measured(_ measurement: Measurement) throws {
    let predicted = levels(
      try traffic(
        (measurement.tokens, measurement.tokens), measurement.direction, measurement.backend, set: .avx2,
        caches: (measurement.level1Cache, measurement.level2Cache, 32 << 20)))
    for (measured, predicted) in zip(measurement.fetched, predicted) {
      #expect(abs(predicted / (measured * 0x1p20) - 1) < 0.25)
    }
  }

  @Test(
    "Larger caches fetch no more, nearer levels no less, and all of them what has to be fetched",
    arguments: AttentionDirection.allCases, InstructionSet.usable)
  func order(direction: AttentionDirection, set: InstructionSet) throws {
    let backends = ProcessorBackend.allCases
    for (element, backend) in AttentionElementType.allCases.flatMap({ element in backends.map { (element, $0) } }) {
      for (mask, isHalved) in [(AttentionMask.full, false), (.causal(.bottomRight), false), (.full, true)] {
        for length in [64, 1000, 4096] {
          func levels(_ caches: (Int, Int, Int)) throws -> [Double] {
            self.levels(
              try traffic(
                (length, length), direction, backend, mask: mask, element: element, set: set, caches: caches,
                halvesWideVectors: isHalved))
          }
          // Both second levels have room for the most lane groups, so that the plan is the same.
          let small = try levels((32 << 10, 1 << 20, 16 << 20))
          let large = try levels((48 << 10, 2 << 20, 64 << 20))
          let rows = Double(length * 64 * element.byteCount) * (direction == .forward ? 4 : 8)
          #expect(zip(small, large).allSatisfy { $0 >= $1 })
          #expect(small == small.sorted(by: >=))
          #expect(large.allSatisfy { $0 >= rows })
        }
      }
    }
  }

  /// What a first level of 32 KiB fetches on Zen 4 of 4160 tokens, and one that holds all of a block does not: of 87
  /// groups of 48 queries with 20 blocks of 208 keys each.
  private func fetchedAgain(dimension: Int, _ element: AttentionElementType, _ set: InstructionSet) throws -> Double {
    func traffic(level1Cache: Int) throws -> Double {
      try self.traffic(
        (4160, 4160), dimension: dimension, element: element, set: set,
        caches: (level1Cache << 10, 1 << 20, 32 << 20), halvesWideVectors: true
      ).level2
    }
    return try traffic(level1Cache: 32) - traffic(level1Cache: 256)
  }

  @Test("Probabilities that the first level does not hold are read again for every few columns of V")
  func probabilities() throws {
    // 16 register tiles of 8 columns.
    let again = Double(87 * 20 * 15 * 208 * 48 * 4)
    let extra = try fetchedAgain(dimension: 128, .float32, .avx512)
    #expect(extra > again && extra < 1.5 * again)
    // Two rows of pairs take the place of one.
    #expect(try fetchedAgain(dimension: 128, .bfloat16, .avx512bf16) < again / 2)
  }

  @Test("Values that the first level does not hold are read again for every few rows of O that lie by row")
  func values() throws {
    // 8 register tiles of 6 queries, and about 10 columns of lines of P instead of 3.
    let again = Double(87 * 20 * 208 * (7 * 64 * 4 + 7 * 64))
    let extra = try fetchedAgain(dimension: 64, .float32, .avx512)
    #expect(extra > again && extra < 1.5 * again)
    let ofPairs = try fetchedAgain(dimension: 64, .bfloat16, .avx512bf16)
    #expect(ofPairs > again / 2 && ofPairs < 0.75 * again)
  }

  @Test("Where everything fits, memory is read and written once", arguments: AttentionDirection.allCases)
  func fitting(direction: AttentionDirection) throws {
    let rows = Double(4096 * 64 * 4) * (direction == .forward ? 4 : 8)
    // Scratch memory, which counts as well, is largest with the matrix unit.
    let memory = try traffic((4096, 4096), direction, set: .avx512).memory
    #expect(memory < 1.1 * rows)
    #expect(try traffic((4096, 4096), direction, set: .amx).memory < 1.2 * rows)
    // Standard attention's matrices are 64 MiB each.
    let standard = try traffic((4096, 4096), direction, .standard).memory
    #expect(standard > rows + (direction == .forward ? 3 : 4) * 0x1p26)
  }

  @Test(
    "Decoding reads each key and value once into every level", arguments: AttentionElementType.allCases,
    InstructionSet.usable)
  func decoding(element: AttentionElementType, set: InstructionSet) throws {
    // As many query heads on each of two as half a vector of rows, at most four.
    let heads = set == .portable ? 4 : 8
    for dimension in [128, 80, 40] {
      let keysAndValues = Double(2 * 2 * 8192 * dimension * element.byteCount)
      let traffic = try traffic((1, 8192), heads: (heads, 2), dimension: dimension, element: element, set: set)
      for fetched in levels(traffic) { #expect((keysAndValues..<1.02 * keysAndValues).contains(fetched)) }
    }
  }

  @Test("Rows a power of two apart cost the first level only where they are not copied")
  func conflicts() {
    let column = StridedColumn(rows: 96, width: 64, stride: 512)
    let level = CacheLevel(firstLevel: 32 << 10)
    // 96 lines in 8 sets of 8 lines: every round fetches them all, and what else lies in these sets.
    #expect(level.refetched(column, rounds: 4, beside: 6400) == 3 * (96 * 64 + 6400 / 8))
    let spread = StridedColumn(rows: 96, width: 64, stride: 576)
    #expect(level.refetched(spread, rounds: 4, beside: 6400) == 0)
    #expect(CacheLevel(capacity: 32 << 10).refetched(column, rounds: 4, beside: 6400) == 0)
  }

  @Test("Empty axes move no more than the rows that there are", arguments: [(0, 10), (10, 0), (0, 0)])
  func emptyAxes(lengths: (Int, Int)) throws {
    for direction in AttentionDirection.allCases {
      for backend in ProcessorBackend.allCases {
        let fetched = levels(try traffic(lengths, direction, backend))
        #expect(fetched.allSatisfy { $0 >= 0 && $0 <= Double(10 * 64 * 4 * 8) })
      }
    }
  }
}
