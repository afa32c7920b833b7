import CUDAInterface

extension LoadedDriver {
  public func deviceCount() throws(DriverFailure) -> Int32 {
    var count: Int32 = 0
    try check(.cuDeviceGetCount, functions.cuDeviceGetCount(&count))
    return count
  }

  public func device(at ordinal: Int32) throws(DriverFailure) -> Int32 {
    var device: Int32 = 0
    try check(.cuDeviceGet, functions.cuDeviceGet(&device, ordinal))
    return device
  }

  public func name(ofDevice device: Int32) throws(DriverFailure) -> String {
    var characters = [CChar](repeating: 0, count: 256)
    try check(.cuDeviceGetName, functions.cuDeviceGetName(&characters, Int32(characters.count), device))
    return String(zeroTerminated: characters)
  }

  public func identifier(ofDevice device: Int32) throws(DriverFailure) -> [UInt8] {
    var identifier = DriverIdentifier()
    try check(.cuDeviceGetUuid, functions.cuDeviceGetUuid(&identifier, device))
    return withUnsafeBytes(of: identifier) { Array($0) }
  }

  public func attribute(_ attribute: DeviceAttribute, ofDevice device: Int32) throws(DriverFailure) -> Int32 {
    var value: Int32 = 0
    try check(.cuDeviceGetAttribute, functions.cuDeviceGetAttribute(&value, attribute.rawValue, device))
    return value
  }

  public func memoryBytes(ofDevice device: Int32) throws(DriverFailure) -> Int {
    var bytes = 0
    try check(.cuDeviceTotalMem, functions.cuDeviceTotalMem(&bytes, device))
    return bytes
  }

  public func retainPrimaryContext(ofDevice device: Int32) throws(DriverFailure) -> ContextHandle {
    var context: UInt = 0
    try check(.cuDevicePrimaryCtxRetain, functions.cuDevicePrimaryCtxRetain(&context, device))
    return ContextHandle(rawValue: context)
  }

  public func releasePrimaryContext(ofDevice device: Int32) throws(DriverFailure) {
    try check(.cuDevicePrimaryCtxRelease, functions.cuDevicePrimaryCtxRelease(device))
  }

  public func currentContext() throws(DriverFailure) -> ContextHandle {
    var context: UInt = 0
    try check(.cuCtxGetCurrent, functions.cuCtxGetCurrent(&context))
    return ContextHandle(rawValue: context)
  }

  public func setCurrentContext(_ context: ContextHandle) throws(DriverFailure) {
    try check(.cuCtxSetCurrent, functions.cuCtxSetCurrent(context.rawValue))
  }
}

extension String {
  /// The text before the first zero, with anything that is not UTF-8 replaced.
  init(zeroTerminated characters: [CChar]) {
    self.init(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
