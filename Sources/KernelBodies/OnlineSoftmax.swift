/// The running state of a softmax whose scores arrive tile by tile, one row of the softmax in each lane.
///
/// After any number of tiles, with m = `maximum` and ℓ = `sum`, Σ 2^s over the scores s seen so far is ℓ · 2^m. The
/// update is Algorithm 1 of FlashAttention-2 (Dao, 2023), in base 2.
struct OnlineSoftmax {
  var maximum: UnsafeMutablePointer<Float>
  var sum: UnsafeMutablePointer<Float>
  /// What the last update multiplied earlier sums by: 2^(m before − m after).
  var factors: UnsafeMutablePointer<Float>
  /// The greatest scores of the next tile, for those who know them when the tile is computed.
  var tileMaximum: UnsafeMutablePointer<Float>

  /// How much of its memory belongs to each lane.
  static var numbersPerLane: Int { 4 }

  @inline(__always)
  func reset() {
    var lane = 0
    while lane < LaneGroup.width {
      maximum[lane] = -.infinity
      sum[lane] = 0
      lane += 1
    }
  }

  /// Prepares ``tileMaximum`` for being raised.
  @inline(__always)
  func resetTileMaximum() { tileMaximum.update(repeating: -.infinity, count: LaneGroup.width) }

  /// Takes in a tile of scores s and stores the probabilities 2^(factor · s − m).
  ///
  /// - Parameters:
  ///   - steps: The rows of each vector that a query may see, all or the first ones.
  ///   - factor: What puts the scores of the tile in base 2: positive, and 1 where they already are, as for
  ///     ``FloatProbabilities``.
  ///   - isMaximumKnown: Whether ``tileMaximum`` holds the greatest scores, before the factor.
  ///   - probabilities: Where they go: the place of the scores, or where they do not fit there, memory that begins so
  ///     far before them that both end together.
  ///   - format: How the probabilities are stored.
  @inline(__always)
  func update<Format: ProbabilityFormat>(
    with tile: ScoreTile, _ steps: TileSteps, factor: Float, isMaximumKnown: Bool,
    into probabilities: UnsafeMutablePointer<Float>, as format: Format.Type
  ) {
    var vector = 0
    while vector < tile.vectors {
      let lane = vector * laneCount
      update(
        column: tile.base + lane, stride: tile.stride, rows: steps.rows(ofVector: vector), lane: lane, factor: factor,
        isMaximumKnown: isMaximumKnown, into: probabilities + lane, as: format)
      vector += 1
    }
  }

  @inline(never)
  private func update<Format: ProbabilityFormat>(
    column: UnsafeMutablePointer<Float>, stride: Int, rows: Int, lane: Int, factor: Float, isMaximumKnown: Bool,
    into probabilities: UnsafeMutablePointer<Float>, as format: Format.Type
  ) {
    // One pointer less in the loops.
    let probabilities = Format.fitsInPlace ? column : probabilities
    let factor = Vector(repeating: factor)
    let before = Vector(at: maximum + lane)
    let largest =
      isMaximumKnown
      ? Vector(at: tileMaximum + lane)
      : columnMaximum(column, stride: stride, rows: rows, start: Vector(repeating: -.infinity))
    let risen = before.maximum(largest * factor)
    // A maximum that is a little too low leaves all ratios as they are, and no sum has to be multiplied.
    let after = before.replacing(with: risen, where: risen .> before + Format.slack)
    // Where nothing is permitted yet the maximum is −∞, and −∞ − (−∞) is not a number; any finite value does.
    let reference = after.replacing(with: .zeros, where: after .== Vector(repeating: -.infinity))
    let correction = (before - reference).exponentiated2

    // Four rows at a time: an exponential is one long chain, and several side by side keep the units busy.
    var sum0 = Vector.zeros
    var sum1 = Vector.zeros
    var row = 0
    while row + 4 <= rows {
      let pointer = column + row * stride
      var exponents: VectorQuadruple = [.zeros, .zeros, .zeros, .zeros]
      for index in 0..<4 {
        exponents[index] = Format.exponent(Vector(at: pointer + index * stride), factor, minus: reference)
      }
      let p = exponents.exponentiated2
      Format.store(p[0], p[1], column: probabilities, row: row, stride: stride)
      Format.store(p[2], p[3], column: probabilities, row: row + 2, stride: stride)
      sum0 += p[0] + p[1]
      sum1 += p[2] + p[3]
      row += 4
    }
    // Rows of a format may come in pairs, of which the last may lack its second. They are summed as above, so that sums
    // do not depend on how many rows of zeros follow.
    while row < rows {
      var sum = Format.exponent(Vector(at: column + row * stride), factor, minus: reference).exponentiated2
      if row + 1 < rows {
        let p1 = Format.exponent(Vector(at: column + row * stride + stride), factor, minus: reference).exponentiated2
        Format.store(sum, p1, column: probabilities, row: row, stride: stride)
        sum += p1
      } else {
        Format.store(sum, column: probabilities, row: row, stride: stride)
      }
      if row % 4 == 0 { sum0 += sum } else { sum1 += sum }
      row += 2
    }
    while row % Format.rowStep != 0 {
      Format.store(.zeros, .zeros, column: probabilities, row: row, stride: stride)
      row += 2
    }

    after.store(at: maximum + lane)
    correction.store(at: factors + lane)
    (sum0 + sum1).adding(product: Vector(at: sum + lane), correction).store(at: sum + lane)
  }

  @inline(__always)
  private func columnMaximum(
    _ column: UnsafePointer<Float>, stride: Int, rows: Int, start: Vector
  ) -> Vector {
    var m0 = start
    var m1 = start
    var m2 = start
    var m3 = start
    var row = 0
    while row + 4 <= rows {
      let pointer = column + row * stride
      m0 = m0.maximum(Vector(at: pointer))
      m1 = m1.maximum(Vector(at: pointer + stride))
      m2 = m2.maximum(Vector(at: pointer + 2 * stride))
      m3 = m3.maximum(Vector(at: pointer + 3 * stride))
      row += 4
    }
    while row < rows {
      m0 = m0.maximum(Vector(at: column + row * stride))
      row += 1
    }
    return m0.maximum(m1).maximum(m2.maximum(m3))
  }
}
