import Testing

@testable import FlashAttention

@Suite("Schedules")
struct ScheduleTests {
  static let shapes: [AttentionShape] = [
    (1, 1, 1, 1, 1), (2, 4, 2, 97, 95), (1, 8, 1, 1, 300), (2, 6, 2, 31, 64), (3, 5, 5, 200, 96), (1, 7, 1, 33, 97),
    (2, 12, 3, 17, 193), (1, 2, 1, 48, 1), (1, 9, 3, 95, 12), (2, 2, 2, 0, 5), (2, 2, 1, 5, 0), (0, 2, 1, 5, 5),
  ].map { batch, queryHeads, keyValueHeads, queryLength, keyLength in
    try! AttentionShape(
      batch: batch, queryHeads: queryHeads, keyValueHeads: keyValueHeads, queryLength: queryLength,
      keyLength: keyLength, headDimension: 8, valueDimension: 8)
  }

  @Test("Forward items cover each query of each head once", arguments: shapes, [24, 48, 96])
  func forward(shape: AttentionShape, queryBlock: Int) {
    for lastQueriesFirst in [false, true] {
      let schedules = [
        ForwardSchedule(shape, queryBlock: queryBlock, lastQueriesFirst: lastQueriesFirst),
        ForwardSchedule(onePerHead: shape, queryBlock: queryBlock),
      ]
      for schedule in schedules {
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
      batch: 1, queryHeads: 32, keyValueHeads: 4, queryLength: 1, keyLength: 4096, headDimension: 128,
      valueDimension: 128)
    #expect(ForwardSchedule(decode, queryBlock: 96, lastQueriesFirst: false).count == 4)
    #expect(ForwardSchedule(onePerHead: decode, queryBlock: 96).count == 32)
  }

  @Test("Under a causal mask the longest items come first")
  func lastQueriesFirst() throws {
    let shape = try AttentionShape(
      batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 250, keyLength: 250, headDimension: 8,
      valueDimension: 8)
    let schedule = ForwardSchedule(shape, queryBlock: 96, lastQueriesFirst: true)
    #expect((0..<schedule.count).map { schedule[$0].firstQuery } == [192, 96, 0])
  }

  @Test("Backward items cover each key of each head once", arguments: shapes, [24, 48, 96])
  func backward(shape: AttentionShape, keyBlock: Int) {
    let schedule = BackwardSchedule(shape, keyBlock: keyBlock)
    var visits = [Int](repeating: 0, count: shape.batch * shape.keyValueHeads * shape.keyLength)
    for index in 0..<schedule.count {
      #expect(schedule.keys(index) >= 1 && schedule.keys(index) <= keyBlock)
      for key in schedule.firstKey(index)..<schedule.firstKey(index) + schedule.keys(index) {
        visits[(schedule.batch(index) * shape.keyValueHeads + schedule.keyValueHead(index)) * shape.keyLength + key] +=
          1
      }
    }
    #expect(visits.allSatisfy { $0 == 1 })
  }

  @Test(
    "Items that add to the same query gradient form one chain in the order of the keys", arguments: shapes, [24, 96])
  func queryGradientChain(shape: AttentionShape, keyBlock: Int) {
    let schedule = BackwardSchedule(shape, keyBlock: keyBlock)
    for index in 0..<schedule.count {
      let head = (schedule.batch(index), schedule.keyValueHead(index))
      let before = (0..<index).filter { (schedule.batch($0), schedule.keyValueHead($0)) == head }
      #expect(schedule.queryGradientPredecessor(index) == before.last)
      if let last = before.last { #expect(schedule.firstKey(last) < schedule.firstKey(index)) }
    }
  }

  /// All items that may add to one element of the bias gradient have to take turns: each waits for the one before.
  @Test("Items that add to the same bias gradient form one chain", arguments: shapes, [24, 96])
  func biasGradientChain(shape: AttentionShape, keyBlock: Int) {
    let schedule = BackwardSchedule(shape, keyBlock: keyBlock)
    for choice in 0..<8 {
      let (sharesBatch, sharesHeads, sharesKeys) = (choice & 1 != 0, choice & 2 != 0, choice & 4 != 0)
      func place(_ index: Int) -> [Int] {
        [
          sharesBatch ? 0 : schedule.batch(index), sharesHeads ? 0 : schedule.keyValueHead(index),
          sharesKeys ? 0 : schedule.firstKey(index),
        ]
      }
      for index in 0..<schedule.count {
        let sharers = (0..<index).filter { place($0) == place(index) }
        #expect(
          schedule.biasGradientPredecessor(
            index, sharesBatch: sharesBatch, sharesHeads: sharesHeads, sharesKeys: sharesKeys) == sharers.last,
          "item \(index) with batch \(sharesBatch), heads \(sharesHeads), keys \(sharesKeys) shared")
      }
    }
  }
}
