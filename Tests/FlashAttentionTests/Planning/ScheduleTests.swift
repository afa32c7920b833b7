import Testing

@testable import FlashAttention

@Suite("Schedules")
struct ScheduleTests {
  private let processor = Processor(cores: 64, memory: 1 << 40)

  static let shapes: [AttentionShape] = [
    (1, 1, 1, 1, 1), (2, 4, 2, 97, 95), (1, 8, 1, 1, 300), (2, 6, 2, 31, 64), (3, 5, 5, 200, 96), (1, 7, 1, 33, 97),
    (2, 12, 3, 17, 193), (1, 2, 1, 48, 1), (1, 9, 3, 95, 12), (2, 2, 2, 0, 5), (2, 2, 1, 5, 0), (0, 2, 1, 5, 5),
  ].map { batch, queryHeads, keyValueHeads, queryLength, keyLength in
    try! AttentionShape(
      batch: batch, queryHeads: queryHeads, keyValueHeads: keyValueHeads, queryLength: queryLength,
      keyLength: keyLength, headDimension: 8, valueDimension: 8)
  }

  @Test("Forward items cover each query of each head once", arguments: shapes, [12, 24, 48])
  func forward(shape: AttentionShape, laneGroupWidth: Int) throws {
    for lastQueriesFirst in [false, true] {
      for (backend, threads) in [(ProcessorBackend.cpu, 1), (.cpu, 64), (.standard, 1)] {
        let descriptor = try AttentionDescriptor(shape: shape, elementType: .float32)
        let tiles = TileShape.shape(
          backend, .forward, descriptor, laneGroupWidth: laneGroupWidth, threads: threads, processor: processor)
        let queryBlock = tiles.queryBlock
        let schedule = ForwardSchedule(shape, tiles, lastQueriesFirst: lastQueriesFirst)
        var visits = [Int](repeating: 0, count: shape.batch * shape.queryHeads * shape.queryLength)
        for index in 0..<schedule.count {
          let item = schedule[index]
          #expect(item.heads >= 1 && item.queries >= 1 && item.heads * item.queries <= queryBlock)
          // All heads of an item share their keys and values.
          #expect(
            item.firstHead / shape.headsPerGroup == (item.firstHead + item.heads - 1) / shape.headsPerGroup)
          for head in item.firstHead..<item.firstHead + item.heads {
            for query in item.firstQuery..<item.firstQuery + item.queries {
              visits[(item.batch * shape.queryHeads + head) * shape.queryLength + query] += 1
            }
          }
        }
        #expect(visits.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test("Short queries of heads that share their keys share an item")
  func grouping() throws {
    let decode = try AttentionShape(
      batch: 1, queryHeads: 32, keyValueHeads: 4, queryLength: 1, keyLength: 2047, headDimension: 128,
      valueDimension: 128)
    let descriptor = try AttentionDescriptor(shape: decode, elementType: .float32)
    func items(_ backend: ProcessorBackend) -> Int {
      ForwardSchedule(
        decode, .shape(backend, .forward, descriptor, laneGroupWidth: 48, threads: 2, processor: processor)
      ).count
    }
    #expect(items(.cpu) == 4)
    #expect(items(.standard) == 32)
  }

  static let lengths = [(1, 4096), (1, 131_072), (8, 5000), (48, 2048), (49, 9999), (300, 2047), (1, 1)]

  @Test("Parts cover each key of each query once, whatever the threads", arguments: lengths, [(1, 1), (8, 2), (32, 8)])
  func parts(lengths: (Int, Int), heads: (Int, Int)) throws {
    let shape = try AttentionShape(
      batch: 1, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
      headDimension: 8, valueDimension: 8)
    let descriptor = try AttentionDescriptor(shape: shape, elementType: .float32)
    var keysPerItem = Set<Int>()
    for threads in [1, 2, 64] {
      let tiles = TileShape.shape(
        .cpu, .forward, descriptor, laneGroupWidth: 24, threads: threads, processor: processor)
      keysPerItem.insert(tiles.keysPerItem)
      let schedule = ForwardSchedule(shape, tiles)
      var visits: [Int: [Range<Int>]] = [:]
      for index in 0..<schedule.count {
        let item = schedule[index]
        #expect(item.firstKey % tiles.keyBlock == 0 && (schedule.parts == 1 || item.keys > 0))
        for head in 0..<item.heads {
          for query in 0..<item.queries {
            // Where the item leaves a row is a place of its own.
            let row = schedule.firstPartialRow(item) % schedule.rowCount + head * item.queries + query
            visits[row, default: []].append(item.firstKey..<item.firstKey + item.keys)
          }
        }
      }
      #expect(visits.count == shape.queryHeads * shape.queryLength)
      for ranges in visits.values {
        #expect(
          ranges.sorted { $0.lowerBound < $1.lowerBound }.reduce(0) { $1.lowerBound == $0 ? $1.upperBound : -1 }
            == shape.keyLength)
      }
    }
    #expect(keysPerItem.count == 1)
  }

  @Test("Keys are split where a problem has few items and many keys, and nowhere else")
  func whenKeysAreSplit() throws {
    func parts(heads: (Int, Int), lengths: (Int, Int)) throws -> Int {
      let shape = try AttentionShape(
        batch: 1, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
        headDimension: 64, valueDimension: 64)
      let descriptor = try AttentionDescriptor(shape: shape, elementType: .float32)
      return ForwardSchedule(
        shape, .shape(.cpu, .forward, descriptor, laneGroupWidth: 24, threads: 2, processor: processor)
      ).parts
    }
    #expect(try parts(heads: (32, 8), lengths: (1, 131_072)) == 16)
    #expect(try parts(heads: (32, 8), lengths: (1, 4096)) == 4)
    #expect(try parts(heads: (32, 8), lengths: (1, 2047)) == 1)
    #expect(try parts(heads: (8, 8), lengths: (4096, 4096)) == 1)
    #expect(try parts(heads: (1, 1), lengths: (4096, 4096)) == 1)
  }

  @Test("Under a causal mask the longest items come first")
  func lastQueriesFirst() throws {
    let shape = try AttentionShape(
      batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 250, keyLength: 250, headDimension: 8,
      valueDimension: 8)
    let tiles = TileShape(queryBlock: 96, keyBlock: 64, keysPerVisit: 64, headsPerBlock: 1, keysPerItem: 250)
    let schedule = ForwardSchedule(shape, tiles, lastQueriesFirst: true)
    #expect((0..<schedule.count).map { schedule[$0].firstQuery } == [192, 96, 0])
  }

  static let teams = [1, 2, 5]

  @Test("Backward items cover each key of each head once", arguments: shapes, teams.flatMap { [($0, 0), ($0, 8)] })
  func backward(shape: AttentionShape, choice: (team: Int, sharedTail: Int)) {
    let schedule = BackwardSchedule(shape, keyBlock: 24, team: choice.team, sharedTail: choice.sharedTail)
    var visits = [Int](repeating: 0, count: shape.batch * shape.keyValueHeads * shape.keyLength)
    for index in 0..<schedule.count {
      let block = schedule[index]
      #expect(schedule.keys(block) >= 1 && schedule.keys(block) <= 24)
      #expect(block.head == schedule.batch(block) * shape.keyValueHeads + schedule.keyValueHead(block))
      for key in schedule.firstKey(block)..<schedule.firstKey(block) + schedule.keys(block) {
        visits[block.head * shape.keyLength + key] += 1
      }
    }
    #expect(visits.allSatisfy { $0 == 1 })
    #expect(Set((0..<schedule.count).map { schedule.progressIndex(schedule[$0]) }) == Set(0..<schedule.count))
  }

  @Test("A vector of keys that would be alone in the last backward item gets one from the item before")
  func sharedTail() throws {
    func keys(_ keyLength: Int) throws -> [Int] {
      let shape = try AttentionShape(
        batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 9, keyLength: keyLength, headDimension: 8,
        valueDimension: 8)
      let schedule = BackwardSchedule(shape, keyBlock: 24, team: 1, sharedTail: 8)
      return (0..<schedule.count).map { schedule.keys(schedule[$0]) }
    }
    #expect(try keys(56) == [24, 16, 16])
    #expect(try keys(57) == [24, 24, 9])
    #expect(try keys(7) == [7])
  }

  @Test("Items that add to the same query gradient form one chain in the order of the keys", arguments: shapes, teams)
  func queryGradientChain(shape: AttentionShape, team: Int) {
    let schedule = BackwardSchedule(shape, keyBlock: 24, team: team)
    for index in 0..<schedule.count {
      let block = schedule[index]
      let before = (0..<index).map { schedule[$0] }.filter { $0.head == block.head }
      #expect(schedule.queryGradientPredecessor(block) == before.last)
      if let last = before.last { #expect(schedule.firstKey(last) < schedule.firstKey(block)) }
    }
  }

  /// All items that may add to one element of the bias gradient have to take turns: each waits for the one before.
  @Test("Items that add to the same bias gradient form one chain", arguments: shapes, [24, 96])
  func biasGradientChain(shape: AttentionShape, keyBlock: Int) {
    let heads = max(shape.batch * shape.keyValueHeads, 1)
    let schedule = BackwardSchedule(shape, keyBlock: keyBlock, team: heads)
    let blocks = (0..<schedule.count).map { schedule[$0] }
    for choice in 0..<8 {
      let (sharesBatch, sharesHeads, sharesKeys) = (choice & 1 != 0, choice & 2 != 0, choice & 4 != 0)
      func place(_ block: BackwardSchedule.Block) -> [Int] {
        [
          sharesBatch ? 0 : schedule.batch(block), sharesHeads ? 0 : schedule.keyValueHead(block),
          sharesKeys ? 0 : schedule.firstKey(block),
        ]
      }
      for (index, block) in blocks.enumerated() {
        let sharers = blocks[..<index].filter { place($0) == place(block) }
        #expect(
          schedule.biasGradientPredecessor(
            block, sharesBatch: sharesBatch, sharesHeads: sharesHeads, sharesKeys: sharesKeys) == sharers.last,
          "item \(index) with batch \(sharesBatch), heads \(sharesHeads), keys \(sharesKeys) shared")
      }
    }
  }
}
