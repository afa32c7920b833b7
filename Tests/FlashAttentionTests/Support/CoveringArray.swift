/// Rows of factor levels in which every pair of levels of two factors occurs, without the full product.
enum CoveringArray {
  /// One row per test: the level of each factor.
  ///
  /// Greedy and deterministic: a row starts from the first pair that is still missing, and each other factor takes the
  /// level that adds most missing pairs, the least used of those that add equally many.
  ///
  /// - Parameters:
  ///   - levels: The number of levels of each factor.
  ///   - ignoring: Pairs of factors, the lower first, that need not be covered.
  static func pairwise(levels: [Int], ignoring: [(Int, Int)] = []) -> [[Int]] {
    var offsets: [Int] = []
    var total = 0
    for count in levels {
      offsets.append(total)
      total += count
    }
    var missing = [Bool](repeating: false, count: total * total)
    var queue: [(Int, Int, Int, Int)] = []
    for first in levels.indices {
      for second in levels.indices where second > first {
        if ignoring.contains(where: { $0 == (first, second) }) { continue }
        for a in 0..<levels[first] {
          for b in 0..<levels[second] {
            missing[(offsets[first] + a) * total + offsets[second] + b] = true
            missing[(offsets[second] + b) * total + offsets[first] + a] = true
            queue.append((first, a, second, b))
          }
        }
      }
    }
    var uses = [Int](repeating: 0, count: total)
    var rows: [[Int]] = []
    for (first, a, second, b) in queue where missing[(offsets[first] + a) * total + offsets[second] + b] {
      var row = [Int](repeating: -1, count: levels.count)
      row[first] = a
      row[second] = b
      for factor in levels.indices where row[factor] < 0 {
        var best = (gain: -1, uses: Int.max, level: 0)
        for level in 0..<levels[factor] {
          let place = (offsets[factor] + level) * total
          var gain = 0
          for other in levels.indices where row[other] >= 0 && missing[place + offsets[other] + row[other]] {
            gain += 1
          }
          let used = uses[offsets[factor] + level]
          if gain > best.gain || gain == best.gain && used < best.uses { best = (gain, used, level) }
        }
        row[factor] = best.level
      }
      for factor in levels.indices {
        uses[offsets[factor] + row[factor]] += 1
        for other in levels.indices where other != factor {
          missing[(offsets[factor] + row[factor]) * total + offsets[other] + row[other]] = false
        }
      }
      rows.append(row)
    }
    return rows
  }
}
