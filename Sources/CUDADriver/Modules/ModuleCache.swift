import Synchronization
import Tensors

/// The kernels that a process assembled, each once for a key and a device.
///
/// Requests for a kernel that is being assembled wait for it and share it. A failure reaches everyone who waited and is
/// forgotten then, so that the next request tries again. A launch that has its ``KernelFunction`` never comes here.
public final class ModuleCache<Key: Hashable & Sendable>: Sendable {
  private let entries = Mutex<[CacheKey: CacheEntry]>([:])

  public init() {}

  private struct CacheKey: Hashable, Sendable {
    let key: Key
    let context: ObjectIdentifier
  }

  /// The kernel for a key in a context; assembles what `source` returns where there is none yet.
  ///
  /// `source` must not ask the cache for the same key.
  public func kernel(
    for key: Key, in context: CUDAContext, source: () throws(AttentionError) -> KernelSource
  ) throws(AttentionError) -> KernelFunction {
    let cacheKey = CacheKey(key: key, context: ObjectIdentifier(context))
    let entry = entries.withLock { entries in
      if let entry = entries[cacheKey] {
        return entry
      }
      let entry = CacheEntry()
      entries[cacheKey] = entry
      return entry
    }
    do {
      return try entry.kernel { () throws(AttentionError) in try KernelFunction(try source(), in: context) }
    } catch {
      entries.withLock { entries in
        if entries[cacheKey] === entry {
          entries[cacheKey] = nil
        }
      }
      throw error
    }
  }

  /// The kernel for a key in a context if it has been assembled; waits where it is being assembled.
  public func loadedKernel(for key: Key, in context: CUDAContext) -> KernelFunction? {
    let cacheKey = CacheKey(key: key, context: ObjectIdentifier(context))
    return entries.withLock { $0[cacheKey] }?.loadedKernel
  }

  /// Forgets every kernel; those in use stay until their users go.
  public func removeAll() {
    entries.withLock { $0.removeAll() }
  }
}

/// One kernel of a cache: empty, then assembled or failed. Its lock is held while it is assembled, so that others wait.
private final class CacheEntry: Sendable {
  private let outcome = Mutex<Result<KernelFunction, AttentionError>?>(nil)

  func kernel(
    assembling assemble: () throws(AttentionError) -> KernelFunction
  ) throws(AttentionError) -> KernelFunction {
    try outcome.withLock { outcome throws(AttentionError) in
      if let outcome {
        return try outcome.get()
      }
      do throws(AttentionError) {
        let kernel = try assemble()
        outcome = .success(kernel)
        return kernel
      } catch {
        outcome = .failure(error)
        throw error
      }
    }
  }

  var loadedKernel: KernelFunction? {
    outcome.withLock { outcome in try? outcome?.get() }
  }
}
