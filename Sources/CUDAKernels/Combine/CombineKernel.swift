import PTX

/// Merges the parts of a result whose keys were split: O = Σ 2^(Lₛ − L) Oₛ with L = log Σ 2^Lₛ, over the parts s.
///
/// Each warp merges a row, always in the order of the parts, so that the result is the same from run to run.
public struct CombineKernel: Sendable, Hashable {
  public let element: HalfType
  /// Dv.
  public let valueDimension: Int
  /// Whether the output's elements have a stride.
  public let access: ForwardKernel.RowAccess

  public init(element: HalfType, valueDimension: Int, access: ForwardKernel.RowAccess) {
    precondition((1...256).contains(valueDimension), "dimensions are 1 to 256")
    self.element = element
    self.valueDimension = valueDimension
    self.access = access
  }

  public static let threads = 128

  /// Parts whose outputs are loaded together.
  private static let partsAtOnce = 4

  /// The rows that a block of threads merges.
  public static let rowsPerBlock = threads / 32

  /// The name of the entry.
  public var name: String {
    "combine_\(element.rawValue)_v\(valueDimension)" + (access == .elements ? "_elements" : "")
  }
}

/// What a launch of ``CombineKernel`` passes.
public enum CombineParameter: String, Sendable, Hashable, CaseIterable {
  /// fp32, dense: [splits, rows, Dv] and [splits, rows], with rows [B, Hq, Sq].
  case partialOutput = "partial_output"
  case partialLogSumExp = "partial_log_sum_exp"
  case output
  /// fp32, dense: [B, Hq, Sq].
  case logSumExp = "log_sum_exp"
  /// In bytes.
  case batchStride = "output_batch_stride"
  case headStride = "output_head_stride"
  case rowStride = "output_row_stride"
  case elementStride = "output_element_stride"
  /// Hq, Sq and B · Hq · Sq.
  case heads, queryLength = "query_length"
  case rows
  case splits

  var parameter: Parameter {
    switch self {
    case .partialOutput, .partialLogSumExp, .output, .logSumExp: .scalar(rawValue, U64.self)
    case .batchStride, .headStride, .rowStride, .elementStride: .scalar(rawValue, S64.self)
    case .heads, .queryLength, .rows, .splits: .scalar(rawValue, U32.self)
    }
  }
}

extension CombineKernel {
  /// The kernel's text in a module of its own.
  public var module: Module {
    var module = Module(target: .sm80)
    module.addKernel(
      name, threads: Self.threads, parameters: CombineParameter.allCases.map(\.parameter)
    ) { builder in
      write(builder)
    }
    return module
  }

  private func write(_ b: KernelBuilder) {
    func number(_ parameter: CombineParameter) -> Value<U32> { b.parameter(parameter.rawValue, U32.self) }
    func stride(_ parameter: CombineParameter) -> Value<U64> {
      b.parameter(parameter.rawValue, S64.self).bits(as: U64.self)
    }
    let thread = b.threadIndex()
    let lane = thread & 31
    let row = b.blockIndex() * Self.rowsPerBlock + (thread >> 5)
    let rows = number(.rows)
    b.branch(if: row .< rows) {
      b.comment("the log-sum-exp of all parts: each lane takes every 32nd part")
      let parts = b.pointer(CombineParameter.partialLogSumExp.rawValue) + row.widened * 4
      let splits = number(.splits)
      let maximum = b.variable(OnlineSoftmax.minusInfinity)
      func part(_ split: Value<U32>) -> Value<F32> {
        b.load(F32.self, from: parts + split.multipliedWide(by: rows) * 4)
      }
      b.loop(from: lane, to: splits, step: 32) { maximum.maximize(part($0)) }
      let largest = [16, 8, 4, 2, 1].reduce(maximum.value) {
        Value<F32>.maximum($0, b.exchange($0, acrossLanes: $1))
      }
      // A row that no part has seen anything of has L = −∞, and Lₛ − L would be NaN.
      let reference = (largest .== OnlineSoftmax.minusInfinity).select(0.0, else: largest)
      func weight(_ logSumExp: Value<F32>) -> Value<F32> {
        Value<F32>.exponential2((logSumExp - reference) * Value(Logarithms.log2OfE))
      }
      let sum = b.variable(0.0 as Value<F32>)
      b.loop(from: lane, to: splits, step: 32) { sum.add(weight(part($0))) }
      let total = [16, 8, 4, 2, 1].reduce(sum.value) { $0 + b.exchange($0, acrossLanes: $1) }
      b.branch(if: lane .== 0) {
        let logSumExp = Value<F32>.multiplyAdd(Value<F32>.logarithm2(total), Value(Logarithms.naturalOfTwo), reference)
        b.store(logSumExp, to: b.pointer(CombineParameter.logSumExp.rawValue) + row.widened * 4)
      }

      b.comment("the output: each lane takes every 32nd column, and holds the weight of every 32nd part")
      let columns = (0..<((valueDimension + 31) / 32)).map { lane + $0 * 32 }
      let output = columns.map { _ in b.variable(0.0 as Value<F32>) }
      let reciprocal = ForwardEpilogue.reciprocal(ofSum: total)
      let source = b.pointer(CombineParameter.partialOutput.rawValue)
      b.loop(from: 0, to: splits, step: 32) { first in
        let own = first + lane
        let weightOfLane = b.variable(0.0 as Value<F32>)
        b.branch(if: own .< splits) { weightOfLane.value = weight(part(own)) * reciprocal }
        b.loop(from: 0, to: Value<U32>.minimum(splits - first, 32), step: Value(Self.partsAtOnce)) { next in
          // Their loads hide each other's way from memory.
          for index in 0..<Self.partsAtOnce {
            let split = first + next + index
            let weight = b.broadcast(weightOfLane.value, fromLane: next + index)
            let start = source + (split.multipliedWide(by: rows) + row.widened) * (valueDimension * 4)
            for (column, element) in zip(columns, output) {
              let isPresent = (split .< splits) .& (column .< valueDimension)
              let number = b.variable(0.0 as Value<F32>)
              b.predicated(by: isPresent) {
                number.value = b.load(F32.self, from: start + column.multipliedWide(by: 4))
              }
              b.predicated(by: isPresent) { element.add(number.value, times: weight) }
            }
          }
        }
      }
      let queryLength = number(.queryLength)
      let heads = number(.heads)
      let plane = row / queryLength
      let target =
        b.pointer(CombineParameter.output.rawValue)
        + (plane / heads).widened * stride(.batchStride) + (plane % heads).widened * stride(.headStride)
        + (row % queryLength).widened * stride(.rowStride)
      for (column, element) in zip(columns, output) {
        b.branch(if: column .< valueDimension) {
          b.store(b.rounded(element.value, as: self.element), to: target + column.widened * elementStride(stride))
        }
      }
    }
  }

  private func elementStride(_ stride: (CombineParameter) -> Value<U64>) -> Value<U64> {
    access == .elements ? stride(.elementStride) : 2
  }
}
