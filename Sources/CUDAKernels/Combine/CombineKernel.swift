import PTX

/// Merges the parts of a result whose keys were split, a row by each warp; see ``PartSum``.
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
      let sum = PartSum(
        b: b, element: element, dimension: valueDimension, lane: lane, splits: number(.splits), rows: rows,
        outputs: b.pointer(CombineParameter.partialOutput.rawValue),
        logSumExps: b.pointer(CombineParameter.partialLogSumExp.rawValue))
      let queryLength = number(.queryLength)
      let heads = number(.heads)
      let plane = row / queryLength
      let target =
        b.pointer(CombineParameter.output.rawValue)
        + (plane / heads).widened * stride(.batchStride) + (plane % heads).widened * stride(.headStride)
        + (row % queryLength).widened * stride(.rowStride)
      sum.merge(
        row, output: (target, elementStride(stride)), logSumExp: b.pointer(CombineParameter.logSumExp.rawValue))
    }
  }

  private func elementStride(_ stride: (CombineParameter) -> Value<U64>) -> Value<U64> {
    access == .elements ? stride(.elementStride) : 2
  }
}
