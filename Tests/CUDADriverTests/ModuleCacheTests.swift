import Synchronization
import Tensors
import Testing

@testable import CUDADriver

@Suite("A cache assembles each kernel once")
struct ModuleCacheTests {
  private struct Key: Hashable, Sendable {
    let headDimension: Int
  }

  /// Counts what is assembled.
  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
    func increment() -> Int { value.add(1, ordering: .relaxed).newValue }
  }

  @Test("Requests at the same time assemble once and share the kernel")
  func concurrency() async throws {
    let counter = Counter()
    let mock = MockDriver(assembler: { _, _, _ in
      _ = counter.increment()
      for _ in 0..<10_000 { _ = counter.value.load(ordering: .relaxed) }
      return MockAssembly()
    })
    let context = try CUDARuntime.context(of: mock)
    let cache = ModuleCache<Key>()
    let kernels = try await withThrowingTaskGroup(of: KernelFunction.self) { group in
      for task in 0..<64 {
        group.addTask {
          try cache.kernel(for: Key(headDimension: task % 4), in: context) { .scale }
        }
      }
      return try await group.reduce(into: Set<ObjectIdentifier>()) { $0.insert(ObjectIdentifier($1)) }
    }
    #expect(kernels.count == 4)
    #expect(counter.value.load(ordering: .relaxed) == 4)
    #expect(mock.resources.modules == 4)
    cache.removeAll()
    #expect(mock.resources.modules == 0)
  }

  @Test("The same key on two devices is two kernels")
  func devices() throws {
    let mock = MockDriver(devices: [.hopper, .hopper])
    let runtime = try CUDARuntime(driver: mock)
    let cache = ModuleCache<Key>()
    let kernels = try runtime.devices.map { device in
      try cache.kernel(for: Key(headDimension: 64), in: try runtime.context(on: device)) { .scale }
    }
    #expect(kernels[0] !== kernels[1])
    #expect(kernels.map(\.context.device.ordinal) == [0, 1])
  }

  @Test("A failure is thrown and forgotten: the next request assembles again")
  func failure() throws {
    let counter = Counter()
    let mock = MockDriver(assembler: { _, _, _ in
      counter.increment() == 1 ? .refused(.invalidPTX, "ptxas fatal") : MockAssembly()
    })
    let context = try CUDARuntime.context(of: mock)
    let cache = ModuleCache<Key>()
    let key = Key(headDimension: 128)
    #expect(throws: AttentionError.self) { try cache.kernel(for: key, in: context) { .scale } }
    #expect(cache.loadedKernel(for: key, in: context) == nil)
    let kernel = try cache.kernel(for: key, in: context) { .scale }
    #expect(cache.loadedKernel(for: key, in: context) === kernel)
    #expect(counter.value.load(ordering: .relaxed) == 2)
  }

  @Test("A failure reaches everyone who waited for it")
  func sharedFailure() async throws {
    let mock = MockDriver(assembler: { _, _, _ in .refused(.invalidPTX, "ptxas fatal") })
    let context = try CUDARuntime.context(of: mock)
    let cache = ModuleCache<Key>()
    let failures = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<16 {
        group.addTask {
          message { _ = try cache.kernel(for: Key(headDimension: 64), in: context) { .scale } } != nil
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(failures == 16)
    #expect(mock.resources.modules == 0)
  }

  @Test("A source that cannot be made fails the request, and a kernel of the cache is not made again")
  func source() throws {
    let context = try CUDARuntime.context(of: MockDriver())
    let cache = ModuleCache<Key>()
    let error = AttentionError.invalidArgument("headDimension", was: "3", expected: "a multiple of 8")
    let key = Key(headDimension: 3)
    #expect(throws: error) { try cache.kernel(for: key, in: context) { () throws(AttentionError) in throw error } }
    let kernel = try cache.kernel(for: key, in: context) { .scale }
    #expect(try cache.kernel(for: key, in: context) { () throws(AttentionError) in throw error } === kernel)
  }
}
