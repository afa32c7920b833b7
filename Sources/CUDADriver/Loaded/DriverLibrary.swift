import CUDAInterface

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The driver's shared library, opened once and never closed: contexts and streams outlive every handle to it.
struct DriverLibrary {
  private let lookUp: DriverFunction_cuGetProcAddress
  private let lookUpWithOutcome: DriverFunction_cuGetProcAddress_v2?

  /// The version that the library reports.
  let version: DriverVersion

  /// The file that the driver installs.
  static let standardName = "libcuda.so.1"

  /// Opens the library and checks that it is a driver of at least ``DriverVersion/minimum``.
  init(named name: String) throws(DriverRefusal) {
    guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
      throw .noDriver(reason: dlerror().map { String(cString: $0) } ?? "\(name) cannot be opened")
    }
    guard let versionSymbol = dlsym(library, EntryPoint.cuDriverGetVersion.rawValue) else {
      throw .incompleteDriver(missing: EntryPoint.cuDriverGetVersion.rawValue)
    }
    var code: Int32 = 0
    guard unsafeBitCast(versionSymbol, to: DriverFunction_cuDriverGetVersion.self)(&code) == 0 else {
      throw .driverFailed(reason: EntryPoint.cuDriverGetVersion.rawValue)
    }
    version = DriverVersion(code: code)
    guard version >= .minimum else {
      throw .driverTooOld(found: version, needed: .minimum)
    }
    guard let lookUpSymbol = dlsym(library, "cuGetProcAddress") else {
      throw .incompleteDriver(missing: "cuGetProcAddress")
    }
    lookUp = unsafeBitCast(lookUpSymbol, to: DriverFunction_cuGetProcAddress.self)
    lookUpWithOutcome = dlsym(library, "cuGetProcAddress_v2").map {
      unsafeBitCast($0, to: DriverFunction_cuGetProcAddress_v2.self)
    }
  }

  /// The address of an entry point in the form that is declared for it.
  func address<Function>(
    of entryPoint: EntryPoint, as function: Function.Type
  ) throws(DriverRefusal) -> Function {
    var address: UnsafeMutableRawPointer?
    var outcome: UInt32 = 0
    let version = entryPoint.version.code
    let status =
      if let lookUpWithOutcome {
        lookUpWithOutcome(entryPoint.rawValue, &address, version, DriverFlags.legacyStream, &outcome)
      } else {
        lookUp(entryPoint.rawValue, &address, version, DriverFlags.legacyStream)
      }
    guard status == 0, outcome == 0, let address else {
      throw .incompleteDriver(missing: entryPoint.rawValue)
    }
    return unsafeBitCast(address, to: Function.self)
  }
}
