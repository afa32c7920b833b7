/// What a kernel computes, done plainly in Double.
enum TritonComputation: String, Decodable, Sendable {
  case add, convert, transpose
  case softmax, sum, histogram, cumulativeSum, argmax
  case columnSum, runningSum
  case matmul, attention

  /// What a tensor should hold: for every element a value, and how far the kernel's may be from it before it is
  /// rounded to the tensor's type.
  typealias Expectation = [(value: Double, error: Double)]

  /// The expectation of every output by name.
  func expectations(_ operands: Operands) -> [String: Expectation] {
    switch self {
    case .add: ["out": operands.add()]
    case .convert: ["out": operands.convert()]
    case .transpose: ["out": operands.transpose()]
    case .softmax: ["out": operands.softmax()]
    case .sum: ["out": operands.sum()]
    case .histogram: ["out": operands.histogram()]
    case .cumulativeSum: ["out": operands.cumulativeSum()]
    case .argmax: ["out": operands.argmax()]
    case .columnSum: ["out": operands.columnSum()]
    case .runningSum: ["out": operands.runningSum()]
    case .matmul: ["c": operands.matmul()]
    case .attention: operands.attention()
    }
  }

  /// The tensors and scalars of a launch.
  struct Operands {
    let tensors: [String: TritonTensor]
    /// The inputs' values in row-major order.
    let inputs: [String: [Double]]
    let numbers: [String: Double]

    /// The values of an input.
    subscript(name: String) -> [Double] { inputs[name] ?? [] }

    /// The sizes of a tensor's dimensions; the name has to be one of the launch.
    func shape(_ name: String) -> [Int] { tensors[name]?.shape ?? [] }
  }
}
