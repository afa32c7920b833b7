extension SimulatedDevice {
  /// Runs a kernel to its end.
  ///
  /// - Parameters:
  ///   - sharedBytes: The size of the shared memory whose size the text leaves open.
  ///   - arguments: One for each parameter, in order.
  /// - Throws: ``SimulationError`` for the first thing that goes wrong.
  @discardableResult
  public func launch(
    _ program: PTXProgram, kernel name: String, grid: Dimensions, block: Dimensions, sharedBytes: Int = 0,
    arguments: [KernelArgument], options: LaunchOptions = LaunchOptions()
  ) throws -> LaunchReport {
    let kernel = try program.kernel(name)
    func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
      if !condition { throw SimulationError.invalidLaunch(reason()) }
    }
    try require(min(grid.x, grid.y, grid.z) > 0, "a grid of \(grid)")
    try require(min(block.x, block.y, block.z) > 0 && block.count <= 1024, "a block of \(block)")
    if let limit = kernel.maximumThreads {
      try require(block.count <= limit, "\(block.count) threads, where the kernel allows \(limit)")
    }
    if let needed = kernel.requiredThreads {
      try require(block.count == needed, "\(block.count) threads, where the kernel needs \(needed)")
    }
    let shared = kernel.symbols.dynamicShared - AddressWindow.firstSharedByte + sharedBytes
    try require(sharedBytes >= 0 && shared <= 232_448, "\(shared) bytes of shared memory are more than 232448")
    try require(kernel.count < Epoch.instructionLimit, "the kernel has too many instructions")
    let launched = Grid(
      kernel: kernel, grid: grid, block: block, sharedBytes: sharedBytes,
      parameters: try Self.parameters(of: kernel, arguments), memory: GlobalMemory(regions), options: options)
    for region in regions { region.dropShadow() }
    defer { for region in regions { region.dropShadow() } }
    try launched.run()
    return launched.counts.report
  }

  /// The bytes of all parameters.
  private static func parameters(of kernel: DecodedKernel, _ arguments: [KernelArgument]) throws -> [UInt8] {
    guard arguments.count == kernel.parameters.count else {
      throw SimulationError.invalidLaunch(
        "\(arguments.count) arguments for \(kernel.parameters.count) parameters of \(kernel.name)")
    }
    var bytes = Array(repeating: 0 as UInt8, count: kernel.symbols.parameterBytes)
    for (argument, parameter) in zip(arguments, kernel.parameters) {
      let value = argument.bytes
      guard value.count == parameter.byteCount, let offset = kernel.symbols.parameters[parameter.name] else {
        throw SimulationError.invalidLaunch(
          "\(value.count) bytes for \(parameter.name), which has \(parameter.byteCount ?? 0)")
      }
      bytes.replaceSubrange(offset..<(offset + value.count), with: value)
    }
    return bytes
  }
}
