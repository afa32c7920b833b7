import Testing

/// A kernel that Triton compiled, and how it is launched: what scripts/compile-triton-kernels writes as JSON.
struct TritonKernel: Decodable, Sendable {
  /// The name of its files: the kernel of the corpus and the target.
  let name: String
  /// The `.entry` of its module.
  let entry: String
  /// The architecture it was compiled for.
  let target: String
  /// Threads of a CTA, in one dimension.
  let threads: Int
  /// Bytes of dynamic shared memory.
  let sharedBytes: Int
  /// CTAs in x, y and z.
  let grid: [Int]
  /// What it computes.
  let computation: TritonComputation
  /// Scalars of the computation, by name.
  let numbers: [String: Double]
  /// Whether a fence stands behind the initialisation of barriers, as the PTX ISA has it; Triton may leave it out.
  let fencesBarriers: Bool
  /// The tensors in global memory.
  let tensors: [TritonTensor]
  /// The parameters of the entry, in order.
  let parameters: [Parameter]

  /// One parameter of the entry: its PTX type, and what is passed.
  struct Parameter: Decodable, Sendable {
    let type: String
    let argument: Argument
  }

  /// What is passed for a parameter.
  enum Argument: Sendable {
    /// The address of a tensor's first element.
    case pointer(tensor: String)
    /// A tensor map over a tensor.
    case tensorMap(TensorMap)
    case integer(Int64)
    case float(Double)
    /// The pointer to a scratch space that the kernel does not use.
    case null
  }

  /// A tensor map as Triton's host launcher encodes it: tiled, element strides 1, no interleaving, zeros outside.
  struct TensorMap: Decodable, Sendable {
    /// The tensor whose first element is the base.
    let tensor: String
    /// Sizes in elements, outermost dimension first.
    let shape: [Int]
    /// Strides in elements, outermost dimension first; the last is 1.
    let strides: [Int]
    /// The box of a copy in elements, outermost dimension first.
    let box: [Int]
    let swizzle: Swizzle
  }

  /// How the 16-byte chunks of a box are permuted in shared memory.
  enum Swizzle: String, Decodable, Sendable {
    case none
    case bytes32 = "32B"
    case bytes64 = "64B"
    case bytes128 = "128B"
  }
}

extension TritonKernel.Parameter {
  private enum Key: String, CodingKey {
    case type, kind, tensor, value
  }

  private enum Kind: String, Decodable {
    case pointer, tensorMap, integer, float, null
  }

  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Key.self)
    type = try fields.decode(String.self, forKey: .type)
    argument =
      switch try fields.decode(Kind.self, forKey: .kind) {
      case .pointer: .pointer(tensor: try fields.decode(String.self, forKey: .tensor))
      case .tensorMap: .tensorMap(try TritonKernel.TensorMap(from: decoder))
      case .integer: .integer(try fields.decode(Int64.self, forKey: .value))
      case .float: .float(try fields.decode(Double.self, forKey: .value))
      case .null: .null
      }
  }
}

extension TritonKernel: CustomTestStringConvertible {
  var testDescription: String { name }
}
