/// The real driver, opened from the library that it installs.
///
/// Unchecked: it holds nothing but addresses of C functions, which never change and may be called from any thread.
public final class LoadedDriver: @unchecked Sendable {
  let functions: DriverFunctions
  private let driverVersion: DriverVersion

  /// Opens `libcuda.so.1`; throws why not.
  public convenience init() throws(DriverRefusal) {
    try self.init(library: DriverLibrary.standardName)
  }

  /// Opens a driver under another name.
  init(library name: String) throws(DriverRefusal) {
    let library = try DriverLibrary(named: name)
    functions = try DriverFunctions(library)
    driverVersion = library.version
  }

  /// Throws unless the status is success.
  @inline(__always)
  func check(_ entryPoint: EntryPoint, _ status: UInt32) throws(DriverFailure) {
    guard status == 0 else {
      throw DriverFailure(entryPoint, DriverStatus(rawValue: status))
    }
  }
}

extension LoadedDriver: DriverInterface {
  public func initialize() throws(DriverFailure) {
    try check(.cuInit, functions.cuInit(0))
  }

  public func version() throws(DriverFailure) -> DriverVersion {
    driverVersion
  }

  public func name(of status: DriverStatus) -> String? {
    var text: UnsafePointer<CChar>?
    guard functions.cuGetErrorName(status.rawValue, &text) == 0 else { return nil }
    return text.map { String(cString: $0) }
  }

  public func explanation(of status: DriverStatus) -> String? {
    var text: UnsafePointer<CChar>?
    guard functions.cuGetErrorString(status.rawValue, &text) == 0 else { return nil }
    return text.map { String(cString: $0) }
  }
}
