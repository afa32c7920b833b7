import Tensors

/// Where the arguments of a kernel lie in one buffer, each at a multiple of its alignment.
struct ArgumentLayout: Hashable, Sendable {
  /// The offset of each argument in bytes.
  let offsets: [Int]

  /// The size of each argument in bytes.
  let byteCounts: [Int]

  /// The size of the buffer in bytes.
  let byteCount: Int

  init(_ arguments: [KernelArgument]) {
    var offsets: [Int] = []
    var end = 0
    for argument in arguments {
      let offset = (end + argument.alignment - 1) / argument.alignment * argument.alignment
      offsets.append(offset)
      end = offset + argument.byteCount
    }
    self.offsets = offsets
    byteCounts = arguments.map(\.byteCount)
    byteCount = end
  }
}

extension KernelSignature {
  /// Throws where the arguments are not as many, as large and as aligned as the parameters, and names the parameter.
  func validate(_ arguments: [KernelArgument]) throws(AttentionError) {
    guard arguments.count == parameters.count else {
      throw .invalidArgument(
        "launch arguments", was: "\(arguments.count)", expected: "\(parameters.count), as the kernel declares")
    }
    for (parameter, argument) in zip(parameters, arguments)
    where argument.byteCount != parameter.byteCount || !argument.alignment.isMultiple(of: parameter.alignment) {
      throw .invalidArgument(
        "launch argument \(parameter.name)",
        was: "\(argument.byteCount) bytes aligned to \(argument.alignment)",
        expected: "\(parameter.byteCount) bytes aligned to \(parameter.alignment)")
    }
  }
}
