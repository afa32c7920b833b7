import KernelIntrinsics

// S → P of one step: the update of ``OnlineSoftmax``, with the streams and the rows of a group in the lanes.
extension ShortQueryPass {
  /// - Parameters:
  ///   - keys: The keys of the longest stream, in whole vectors.
  ///   - starts: What to ask the caches for beside the first group's exponentials, while nothing else is read from
  ///     memory.
  func updateSoftmax(keys: Int, _ starts: StreamStarts) {
    forEachRowGroup { group in
      let starts = group.first == 0 ? starts : .none(zeroRow)
      if group.rows == 4 {
        updateSoftmax(group, Four.self, keys, starts)
      } else {
        updateSoftmax(group, One.self, keys, starts)
      }
    }
  }

  @inline(never)
  private func updateSoftmax<GroupRows: Count>(
    _ group: RowGroup, _ rows: GroupRows.Type, _ keys: Int, _ starts: StreamStarts
  ) {
    let scores = group.base
    let count = keys * KeyStreams.count * GroupRows.value
    let largest = maximum(of: scores, count: count)
    var before = Vector.zeros
    var reference = Vector.zeros
    for row in 0..<GroupRows.value {
      var maximum = maxima[group.first + row]
      for lane in 0..<laneCount where lane % GroupRows.value == row {
        before[lane] = maxima[group.first + row]
        if largest[lane] > maximum { maximum = largest[lane] }
      }
      maxima[group.first + row] = maximum
      // Where nothing is permitted yet the maximum is −∞, and −∞ − (−∞) is not a number; any finite value does.
      for lane in 0..<laneCount where lane % GroupRows.value == row {
        reference[lane] = maximum == -.infinity ? 0 : maximum
      }
    }
    let corrections = (before - reference).exponentiated2
    let totals = exponentiate(scores, count: count, reference, rows: GroupRows.value, starts)
    for row in 0..<GroupRows.value {
      let correction = corrections[row]
      var sum = sums[group.first + row] * correction
      for lane in 0..<laneCount where lane % GroupRows.value == row { sum += totals[lane] }
      sums[group.first + row] = sum
      if correction != 1 { scale(output(group.first + row), by: correction) }
    }
  }

  @inline(__always)
  private func maximum(of scores: UnsafePointer<Float>, count: Int) -> Vector {
    var m0 = Vector(repeating: -.infinity)
    var m1 = m0
    var m2 = m0
    var m3 = m0
    var index = 0
    while index < count {
      m0 = m0.maximum(Vector(at: scores + index))
      m1 = m1.maximum(Vector(at: scores + index + laneCount))
      m2 = m2.maximum(Vector(at: scores + index + 2 * laneCount))
      m3 = m3.maximum(Vector(at: scores + index + 3 * laneCount))
      index += 4 * laneCount
    }
    return m0.maximum(m1).maximum(m2.maximum(m3))
  }

  /// Replaces scores by weights, and returns sums of the probabilities.
  @inline(__always)
  private func exponentiate(
    _ scores: UnsafeMutablePointer<Float>, count: Int, _ reference: Vector, rows: Int, _ starts: StreamStarts
  ) -> Vector {
    var starts = starts
    var total = Vector.zeros
    var index = 0
    while index < count {
      starts.fetch()
      var exponents: VectorQuadruple = [.zeros, .zeros, .zeros, .zeros]
      for vector in 0..<4 { exponents[vector] = Vector(at: scores + index + vector * laneCount) - reference }
      let probabilities = exponents.exponentiated2
      Rows.store(probabilities, over: scores, at: index, rows: rows)
      total += (probabilities[0] + probabilities[1]) + (probabilities[2] + probabilities[3])
      index += 4 * laneCount
    }
    return total
  }

  @inline(__always)
  private func scale(_ output: UnsafeMutablePointer<Float>, by factor: Float) {
    var column = 0
    while column < outputStride {
      (Vector(at: output + column) * factor).store(at: output + column)
      column += laneCount
    }
  }
}
