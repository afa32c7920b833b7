import Testing

@testable import FlashAttention

@Suite("The cost that a plan predicts")
struct CostTests {
  private func plan(
    _ lengths: (Int, Int), _ direction: AttentionDirection = .forward, mask: AttentionMask = .full,
    dimensions: (Int, Int) = (64, 32), element: AttentionElementType = .float32
  ) throws -> AttentionPlan {
    let shape = try AttentionShape(
      batch: 2, queryHeads: 3, keyValueHeads: 1, queryLength: lengths.0, keyLength: lengths.1,
      headDimension: dimensions.0, valueDimension: dimensions.1)
    return try AttentionPlan(
      AttentionDescriptor(shape: shape, elementType: element, mask: mask), direction,
      processor: Processor(cores: 4, memory: 1 << 40))
  }

  @Test("Operations are 4 · B · Hq · pairs · (D + Dv) / 2, backward 2.5 times that")
  func operations() throws {
    let perPair = 4.0 * 2 * 3 * (64 + 32) / 2
    #expect(try plan((100, 70)).operations == perPair * 7000)
    #expect(try plan((100, 70), .backward).operations == perPair * 7000 * 2.5)
    #expect(try plan((64, 64), mask: .causal(.bottomRight)).operations == perPair * 64 * 65 / 2)
    // The last of 3 queries sees 10 keys.
    #expect(try plan((3, 10), mask: .causal(.bottomRight)).operations == perPair * (8 + 9 + 10))
    #expect(try plan((3, 10), mask: .causal(.topLeft)).operations == perPair * (1 + 2 + 3))
    #expect(try plan((10, 3), mask: .causal(.bottomRight)).operations == perPair * (1 + 2 + 3))
    let window = try AttentionMask.slidingWindow(left: 1, right: 1, .topLeft)
    #expect(try plan((10, 10), mask: window).operations == perPair * (2 + 8 * 3 + 2))
    #expect(try plan((10, 0)).operations == 0)
  }

  @Test(
    "The number of permitted pairs is that of the pairs permitted one by one",
    arguments: ConformanceGrid.masks, [(1, 1), (7, 7), (5, 90), (90, 5), (0, 3), (3, 0), (64, 65)])
  func pairs(mask: AttentionMask, lengths: (Int, Int)) {
    var count = 0
    for query in 0..<lengths.0 {
      for key in 0..<lengths.1
      where mask.permits(query: query, key: key, queryLength: lengths.0, keyLength: lengths.1) { count += 1 }
    }
    #expect(mask.permittedPairs(queryLength: lengths.0, keyLength: lengths.1) == Double(count))
  }

  @Test(
    "Flash attention moves fewer bytes and needs less memory than standard on long sequences",
    arguments: AttentionDirection.allCases, AttentionElementType.allCases)
  func flashAgainstStandard(direction: AttentionDirection, element: AttentionElementType) throws {
    let plan = try plan((16384, 16384), direction, dimensions: (64, 64), element: element)
    let flash = plan.cost
    let standard = plan.cost(of: .standard)
    #expect(flash == plan.cost(of: .cpu))
    #expect(flash.traffic.memory < standard.traffic.memory)
    #expect(flash.traffic.level3 < standard.traffic.level3)
    #expect(flash.extraBytes < standard.extraBytes / 4)
    #expect(standard.extraBytes == 2 * 3 * 16384 * 16384 * (direction == .forward ? 4 : 8))
  }

  @Test("Extra memory grows with threads and not with the square of the length")
  func extraBytes() throws {
    // Long enough for as many lane groups in a block as ever share one.
    let short = try plan((8000, 8000)).cost.extraBytes
    #expect(try plan((64000, 64000)).cost.extraBytes == short)
    let backward = try plan((1000, 1000), .backward).cost.extraBytes
    #expect(try plan((64000, 64000), .backward).cost.extraBytes <= 64 * backward)
  }

  /// In processes of their own, which may crash.
  @Test("Bounds and lengths up to the largest integer do not overflow")
  func overflow() async {
    await #expect(processExitsWith: .success) {
      let window = try AttentionMask.slidingWindow(left: .max, right: .max, .bottomRight)
      #expect(window.permits(query: 3, key: 2, queryLength: 10, keyLength: 5))
      #expect(window.permits(query: 9, key: 0, queryLength: 10, keyLength: 20))
      #expect(window.permittedPairs(queryLength: 10, keyLength: 20) == 200)
    }
    await #expect(processExitsWith: .success) {
      let shape = try AttentionShape(
        batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 1 << 32, keyLength: 1 << 32, headDimension: 1,
        valueDimension: 1)
      let plan = try AttentionPlan(AttentionDescriptor(shape: shape, elementType: .float32))
      #expect(plan.operations == 4 * 0x1p64)
    }
  }
}
