import CUDAInterface

extension LoadedDriver {
  /// Room for what the assembler says, in bytes; longer logs are cut.
  private static let logBytes = 16384

  public func loadModule(
    _ text: UnsafePointer<CChar>, options: AssemblyOptions, log: inout AssemblyLog
  ) throws(DriverFailure) -> ModuleHandle {
    var module: UInt = 0
    var information = [CChar](repeating: 0, count: Self.logBytes)
    var errors = [CChar](repeating: 0, count: Self.logBytes)
    let status = information.withUnsafeMutableBytes { information in
      errors.withUnsafeMutableBytes { errors in
        // An option's value is the pointer itself, or a number in the place of a pointer. The last byte of each log is
        // kept back, so that it stays the zero that ends the text.
        var settings: [(AssemblyOption, UInt)] = [
          (.informationLog, UInt(bitPattern: information.baseAddress)),
          (.informationLogBytes, UInt(Self.logBytes - 1)),
          (.errorLog, UInt(bitPattern: errors.baseAddress)),
          (.errorLogBytes, UInt(Self.logBytes - 1)),
          (.verboseLog, options.isVerbose ? 1 : 0),
          (.lineInformation, options.hasLineInformation ? 1 : 0),
        ]
        if let maximum = options.maximumRegisters {
          settings.append((.maximumRegisters, UInt(maximum)))
        }
        var names = settings.map(\.0.rawValue)
        var values = settings.map { UnsafeMutableRawPointer(bitPattern: $0.1) }
        return functions.cuModuleLoadDataEx(&module, text, UInt32(names.count), &names, &values)
      }
    }
    log = AssemblyLog(information: String(zeroTerminated: information), errors: String(zeroTerminated: errors))
    try check(.cuModuleLoadDataEx, status)
    return ModuleHandle(rawValue: module)
  }

  public func unloadModule(_ module: ModuleHandle) throws(DriverFailure) {
    try check(.cuModuleUnload, functions.cuModuleUnload(module.rawValue))
  }

  public func function(named name: String, in module: ModuleHandle) throws(DriverFailure) -> FunctionHandle {
    var function: UInt = 0
    try check(.cuModuleGetFunction, functions.cuModuleGetFunction(&function, module.rawValue, name))
    return FunctionHandle(rawValue: function)
  }

  public func attribute(
    _ attribute: FunctionAttribute, of function: FunctionHandle
  ) throws(DriverFailure) -> Int32 {
    var value: Int32 = 0
    try check(.cuFuncGetAttribute, functions.cuFuncGetAttribute(&value, attribute.rawValue, function.rawValue))
    return value
  }

  public func setAttribute(
    _ attribute: FunctionAttribute, of function: FunctionHandle, to value: Int32
  ) throws(DriverFailure) {
    try check(.cuFuncSetAttribute, functions.cuFuncSetAttribute(function.rawValue, attribute.rawValue, value))
  }

  public func launch(
    _ function: FunctionHandle, configuration: UnsafePointer<DriverLaunchConfiguration>,
    parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(DriverFailure) {
    try check(.cuLaunchKernelEx, functions.cuLaunchKernelEx(configuration, function.rawValue, parameters, nil))
  }

  public func encodeTensorMap(
    _ description: TensorMapDescription, into map: UnsafeMutablePointer<DriverTensorMap>
  ) throws(DriverFailure) {
    guard let encode = functions.cuTensorMapEncodeTiled else {
      throw DriverFailure(.cuTensorMapEncodeTiled, .notSupported)
    }
    let status = encode(
      map, description.element.rawValue, UInt32(description.rank),
      UnsafeMutableRawPointer(bitPattern: UInt(description.address.rawValue)),
      description.sizes.map { UInt64($0) }, description.strides.map { UInt64($0) },
      description.box.map { UInt32($0) }, description.elementStrides.map { UInt32($0) },
      TensorMapDescription.noInterleaving, description.swizzle.rawValue, description.promotion.rawValue,
      description.fill.rawValue)
    try check(.cuTensorMapEncodeTiled, status)
  }
}
