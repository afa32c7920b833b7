import CUDAInterface

extension MockDriver {
  public func loadModule(
    _ text: UnsafePointer<CChar>, options: AssemblyOptions, log: inout AssemblyLog
  ) throws(DriverFailure) -> ModuleHandle {
    let text = String(cString: text)
    let device = try callInContext(.cuModuleLoadDataEx) { _, device in device }
    // Assembled outside the lock, because the assembler is the caller's and may take its time.
    let assembly = assembler(text, devices[device], driverVersion)
    log = assembly.log
    if let refusal = assembly.refusal {
      throw DriverFailure(.cuModuleLoadDataEx, refusal)
    }
    return state.withLock { state in
      let handle = state.makeHandle()
      state.modules[handle] = MockState.Module(device: device, text: text, assembly: assembly)
      return ModuleHandle(rawValue: handle)
    }
  }

  public func unloadModule(_ module: ModuleHandle) throws(DriverFailure) {
    try callGivingBack(.cuModuleUnload) { state throws(DriverFailure) in
      guard state.modules.removeValue(forKey: module.rawValue) != nil else {
        throw DriverFailure(.cuModuleUnload, .invalidHandle)
      }
      state.functions = state.functions.filter { $0.value.module != module.rawValue }
    }
  }

  public func function(named name: String, in module: ModuleHandle) throws(DriverFailure) -> FunctionHandle {
    try callInContext(.cuModuleGetFunction) { state, _ throws(DriverFailure) in
      guard let loaded = state.modules[module.rawValue] else {
        throw DriverFailure(.cuModuleGetFunction, .invalidHandle)
      }
      guard let signature = KernelSignature(of: name, in: loaded.text) else {
        throw DriverFailure(.cuModuleGetFunction, .notFound)
      }
      let handle = state.makeHandle()
      let free = devices[loaded.device].maximumSharedBytes - loaded.assembly.staticSharedBytes
      state.functions[handle] = MockState.Function(
        module: module.rawValue, name: name, signature: signature, dynamicSharedBytes: free)
      return FunctionHandle(rawValue: handle)
    }
  }

  public func attribute(
    _ attribute: FunctionAttribute, of function: FunctionHandle
  ) throws(DriverFailure) -> Int32 {
    try callInContext(.cuFuncGetAttribute) { state, _ throws(DriverFailure) in
      guard let loaded = state.functions[function.rawValue], let module = state.modules[loaded.module] else {
        throw DriverFailure(.cuFuncGetAttribute, .invalidHandle)
      }
      switch attribute {
      case .maximumThreadsPerBlock: return Int32(module.assembly.maximumThreads)
      case .sharedBytes: return Int32(module.assembly.staticSharedBytes)
      case .localBytes: return Int32(module.assembly.localBytes)
      case .registers: return Int32(module.assembly.registers)
      case .maximumDynamicSharedBytes: return Int32(loaded.dynamicSharedBytes)
      }
    }
  }

  public func setAttribute(
    _ attribute: FunctionAttribute, of function: FunctionHandle, to value: Int32
  ) throws(DriverFailure) {
    try callInContext(.cuFuncSetAttribute) { state, device throws(DriverFailure) in
      guard let loaded = state.functions[function.rawValue], let module = state.modules[loaded.module] else {
        throw DriverFailure(.cuFuncSetAttribute, .invalidHandle)
      }
      let total = Int(value) + module.assembly.staticSharedBytes
      guard attribute == .maximumDynamicSharedBytes, value >= 0, total <= devices[device].maximumSharedBytesOptIn
      else {
        throw DriverFailure(.cuFuncSetAttribute, .invalidValue)
      }
      state.functions[function.rawValue]?.dynamicSharedBytes = Int(value)
    }
  }

  public func encodeTensorMap(
    _ description: TensorMapDescription, into map: UnsafeMutablePointer<DriverTensorMap>
  ) throws(DriverFailure) {
    let isAligned = UInt(bitPattern: map).isMultiple(of: UInt(TensorMap.alignment))
    try callInContext(.cuTensorMapEncodeTiled) { _, device throws(DriverFailure) in
      guard driverVersion >= .hopper, devices[device].capability >= .hopper else {
        throw DriverFailure(.cuTensorMapEncodeTiled, .notSupported)
      }
      guard isAligned else { throw DriverFailure(.cuTensorMapEncodeTiled, .invalidValue) }
    }
    map.pointee = MockTensorMap.encode(description)
  }
}
