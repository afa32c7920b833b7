/// Where a kernel's variables lie.
struct KernelSymbols {
  /// The offsets of parameters.
  private(set) var parameters: [String: Int] = [:]
  private(set) var parameterBytes = 0
  /// The addresses of variables in shared memory.
  private(set) var shared: [String: Int] = [:]
  /// Where the memory begins whose size the launch gives.
  private(set) var dynamicShared = AddressWindow.firstSharedByte

  init(kernel: KernelSyntax, module: ModuleSyntax) {
    for parameter in kernel.parameters {
      let offset = Self.align(parameterBytes, to: parameter.alignment)
      parameters[parameter.name] = offset
      parameterBytes = offset + (parameter.byteCount ?? 0)
    }
    let variables = module.shared + kernel.shared
    var end = AddressWindow.firstSharedByte
    for variable in variables {
      guard let byteCount = variable.byteCount else { continue }
      let address = Self.align(end, to: variable.alignment)
      shared[variable.name] = address
      end = address + byteCount
    }
    let unsized = variables.filter { $0.byteCount == nil }
    dynamicShared = Self.align(end, to: unsized.map(\.alignment).max() ?? 1)
    for variable in unsized { shared[variable.name] = dynamicShared }
  }

  static func align(_ offset: Int, to alignment: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}
