import CUDADriver
import CUDAKernels

/// An argument that is the address of an operand and nothing else.
struct AddressArgument: Sendable, Hashable {
  enum Launch: Sendable, Hashable { case main, merging }

  let launch: Launch
  let index: Int
  let operand: ForwardParameter.Operand

  /// All of a plan. The addresses of parts of the result stay the same.
  static func all(of plan: CUDAAttentionPlan) -> [AddressArgument] {
    let kernel = plan.choice.kernel
    var found: [AddressArgument] = []
    for (index, parameter) in kernel.parameters.enumerated() {
      guard case .address(let operand) = parameter else { continue }
      found.append(AddressArgument(launch: .main, index: index, operand: operand))
    }
    guard kernel.keyParts == .parts else { return found }
    for (index, parameter) in CombineParameter.allCases.enumerated() {
      switch parameter {
      case .output: found.append(AddressArgument(launch: .merging, index: index, operand: .output))
      case .logSumExp: found.append(AddressArgument(launch: .merging, index: index, operand: .logSumExp))
      default: continue
      }
    }
    return found
  }
}

extension CUDAOperands {
  func pointer(of operand: ForwardParameter.Operand) -> DevicePointer? {
    switch operand {
    case .query: queries.pointer
    case .key: keys.pointer
    case .value: values.pointer
    case .output: output.pointer
    case .logSumExp: logSumExp
    case .bias: bias?.pointer
    case .mask: booleanMask?.pointer
    }
  }
}
