import Tensors

/// A module that the driver assembled, unloaded when it goes.
final class LoadedModule: Sendable {
  let log: AssemblyLog
  private let context: CUDAContext
  private let handle: ModuleHandle

  init(_ source: KernelSource, in context: CUDAContext) throws(AttentionError) {
    var log = AssemblyLog()
    var refusal: DriverFailure?
    // A refusal leaves the closure as a value, because the error is to carry the log.
    let handle = try context.perform { driver throws(DriverFailure) -> ModuleHandle? in
      do throws(DriverFailure) {
        return try source.text.utf8CString.withUnsafeBufferPointer { bytes throws(DriverFailure) in
          guard let start = bytes.baseAddress else { throw DriverFailure(.cuModuleLoadDataEx, .invalidPTX) }
          return try driver.loadModule(start, options: source.options, log: &log)
        }
      } catch {
        refusal = error
        return nil
      }
    }
    if let refusal {
      throw context.report(refusal, log: log.errors)
    }
    guard let handle else {
      throw .unavailable("kernel \(source.entry)", reason: "the driver returned no module")
    }
    self.context = context
    self.handle = handle
    self.log = log
  }

  deinit {
    let handle = handle
    context.release { driver throws(DriverFailure) in try driver.unloadModule(handle) }
  }

  func function(named name: String) throws(AttentionError) -> FunctionHandle {
    let handle = handle
    return try context.perform { driver throws(DriverFailure) in try driver.function(named: name, in: handle) }
  }
}
