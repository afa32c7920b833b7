extension MockDriver: DriverInterface {
  public func initialize() throws(DriverFailure) {
    try call(.cuInit) { _ throws(DriverFailure) in
      guard !devices.isEmpty else { throw DriverFailure(.cuInit, .noDevice) }
    }
  }

  public func version() throws(DriverFailure) -> DriverVersion {
    try call(.cuDriverGetVersion) { _ in driverVersion }
  }

  public func name(of status: DriverStatus) -> String? {
    MockStatusNames.names[status]
  }

  public func explanation(of status: DriverStatus) -> String? {
    MockStatusNames.names[status].map { "explanation of \($0)" }
  }

  public func deviceCount() throws(DriverFailure) -> Int32 {
    try call(.cuDeviceGetCount) { _ in Int32(devices.count) }
  }

  public func device(at ordinal: Int32) throws(DriverFailure) -> Int32 {
    try call(.cuDeviceGet) { _ throws(DriverFailure) in
      guard devices.indices.contains(Int(ordinal)) else { throw DriverFailure(.cuDeviceGet, .invalidDevice) }
      return ordinal
    }
  }

  public func name(ofDevice device: Int32) throws(DriverFailure) -> String {
    try call(.cuDeviceGetName) { _ in devices[Int(device)].name }
  }

  public func identifier(ofDevice device: Int32) throws(DriverFailure) -> [UInt8] {
    try call(.cuDeviceGetUuid) { _ in [UInt8](repeating: UInt8(device), count: 16) }
  }

  public func attribute(_ attribute: DeviceAttribute, ofDevice device: Int32) throws(DriverFailure) -> Int32 {
    try call(.cuDeviceGetAttribute) { _ in Int32(devices[Int(device)].value(of: attribute)) }
  }

  public func memoryBytes(ofDevice device: Int32) throws(DriverFailure) -> Int {
    try call(.cuDeviceTotalMem) { _ in devices[Int(device)].memoryBytes }
  }

  public func retainPrimaryContext(ofDevice device: Int32) throws(DriverFailure) -> ContextHandle {
    try call(.cuDevicePrimaryCtxRetain) { state in
      state.retains[Int(device), default: 0] += 1
      return ContextHandle(rawValue: Self.firstContext + UInt(device))
    }
  }

  public func releasePrimaryContext(ofDevice device: Int32) throws(DriverFailure) {
    try callGivingBack(.cuDevicePrimaryCtxRelease) { state in
      state.retains[Int(device), default: 0] -= 1
    }
  }

  public func currentContext() throws(DriverFailure) -> ContextHandle {
    try call(.cuCtxGetCurrent) { state in state.current[MockState.thread] ?? .none }
  }

  public func setCurrentContext(_ context: ContextHandle) throws(DriverFailure) {
    try call(.cuCtxSetCurrent) { state throws(DriverFailure) in
      let isPrimary = state.retains.contains { device, count in
        count > 0 && Self.firstContext + UInt(device) == context.rawValue
      }
      guard context == .none || isPrimary || state.foreignContexts.contains(context) else {
        throw DriverFailure(.cuCtxSetCurrent, .invalidContext)
      }
      state.current[MockState.thread] = context == .none ? nil : context
    }
  }
}
