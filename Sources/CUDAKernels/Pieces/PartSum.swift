import PTX

/// Merges the parts of a row whose keys were split: O = Σ 2^(Lₛ − L) Oₛ with L = log Σ 2^Lₛ, over the parts s.
///
/// A warp merges a row, always in the order of the parts, so that the result is the same from run to run.
struct PartSum {
  let b: KernelBuilder
  let element: HalfType
  /// Dv.
  let dimension: Int
  let lane: Value<U32>
  let splits: Value<U32>
  /// B · Hq · Sq.
  let rows: Value<U32>
  /// fp32, dense: [splits, rows, Dv] and [splits, rows].
  let outputs: Pointer<Global>
  let logSumExps: Pointer<Global>

  /// Merges the row of this number.
  ///
  /// - Parameters:
  ///   - output: Where its output goes, and the distance of neighbours there.
  ///   - logSumExp: Where the log-sum-exp of all rows goes.
  func merge(
    _ row: Value<U32>, output: (row: Pointer<Global>, stride: Value<U64>), logSumExp: Pointer<Global>
  ) {
    func part(_ split: Value<U32>) -> Value<U64> { split.multipliedWide(by: rows) + row.widened }

    b.comment("the log-sum-exp of all parts: each lane takes every 32nd part")
    func logSumExpOfPart(_ split: Value<U32>) -> Value<F32> { b.load(F32.self, from: logSumExps + part(split) * 4) }
    let maximum = b.variable(OnlineSoftmax.minusInfinity)
    b.loop(from: lane, to: splits, step: 32) { maximum.maximize(logSumExpOfPart($0)) }
    let largest = acrossLanes(maximum.value, Value<F32>.maximum)
    // A row that no part has seen anything of has L = −∞, and Lₛ − L would be NaN.
    let reference = (largest .== OnlineSoftmax.minusInfinity).select(0.0, else: largest)
    func weight(_ split: Value<U32>) -> Value<F32> {
      Value<F32>.exponential2((logSumExpOfPart(split) - reference) * Value(Logarithms.log2OfE))
    }
    let sum = b.variable(0.0 as Value<F32>)
    b.loop(from: lane, to: splits, step: 32) { sum.add(weight($0)) }
    let total = acrossLanes(sum.value, +)
    b.branch(if: lane .== 0) {
      let merged = Value<F32>.multiplyAdd(Value<F32>.logarithm2(total), Value(Logarithms.naturalOfTwo), reference)
      b.store(merged, to: logSumExp + row.widened * 4)
    }
    let reciprocal = ForwardEpilogue.reciprocal(ofSum: total)

    b.comment("the output: each lane takes every 32nd column, and holds the weight of every 32nd part")
    let columns = Array(Swift.stride(from: 0, to: dimension, by: 32))
    let sums = columns.map { _ in b.variable(0.0 as Value<F32>) }
    let ofLane = outputs + lane.widened * 4
    b.loop(from: 0, to: splits, step: 32) { first in
      let own = first + lane
      let weightOfLane = b.variable(0.0 as Value<F32>)
      b.branch(if: own .< splits) { weightOfLane.value = weight(own) * reciprocal }
      b.loop(from: 0, to: Value<U32>.minimum(splits - first, 32), step: Value(partsAtOnce)) { next in
        for index in 0..<partsAtOnce {
          let split = first + next + index
          let weight = b.broadcast(weightOfLane.value, fromLane: next + index)
          let start = ofLane + part(split) * (dimension * 4)
          for (column, sum) in zip(columns, sums) {
            // Parts that are none have a weight of zero, but no memory.
            let number = b.variable(0.0 as Value<F32>)
            b.predicated(by: (split .< splits) .& isPresent(column)) {
              number.value = b.load(F32.self, from: start + column * 4)
            }
            sum.add(number.value, times: weight)
          }
        }
      }
    }
    let target = output.row + lane.widened * output.stride
    for (column, sum) in zip(columns, sums) {
      b.branch(if: isPresent(column)) {
        b.store(b.rounded(sum.value, as: element), to: target + output.stride * column)
      }
    }
  }

  /// Parts whose outputs are loaded together: their loads hide each other's way from memory. Each takes a register for
  /// every 32nd column.
  private var partsAtOnce: Int { dimension > 128 ? 2 : 8 }

  /// Whether the lane's column after this one is one of the tensor.
  private func isPresent(_ column: Int) -> Predicate {
    column + 32 <= dimension ? Predicate(true) : lane .< Value(dimension - column)
  }

  private func acrossLanes(
    _ value: Value<F32>, _ combine: (Value<F32>, Value<F32>) -> Value<F32>
  ) -> Value<F32> {
    [16, 8, 4, 2, 1].reduce(value) { combine($0, b.exchange($0, acrossLanes: $1)) }
  }
}
