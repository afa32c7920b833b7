/// A barrier in shared memory at which threads and bulk copies arrive (PTX ISA, "mbarrier").
///
/// It goes through phases. A phase ends when as many arrivals have come as it was made for, and all bytes that were
/// announced; whoever waits names the parity of the phase, 0 for the first.
public struct MemoryBarrier {
  let address: Pointer<Shared>

  /// - Parameter address: 8 bytes at a multiple of their size.
  public init(at address: Pointer<Shared>) { self.address = address }
}

extension KernelBuilder {
  /// Makes a barrier for so many arrivals in each phase. One thread does this, before ``fenceBarriers()``.
  public func initialize(_ barrier: MemoryBarrier, arrivals: Int) {
    emit("mbarrier.init.shared.b64", barrier.address.text, "\(arrivals)")
  }

  /// Makes new barriers visible to bulk copies.
  public func fenceBarriers() {
    require(.sm90a, "fence.mbarrier_init")
    emit("fence.mbarrier_init.release.cluster")
  }

  /// Arrives at a barrier.
  public func arrive(at barrier: MemoryBarrier) {
    require(.sm90a, "mbarrier.arrive without a result")
    emit("mbarrier.arrive.shared::cta.b64", "_", barrier.address.text)
  }

  /// Arrives at a barrier and announces bytes that bulk copies will bring.
  public func arrive(at barrier: MemoryBarrier, expectingBytes bytes: Int) {
    require(.sm90a, "mbarrier.arrive.expect_tx")
    emit("mbarrier.arrive.expect_tx.shared::cta.b64", "_", barrier.address.text, "\(bytes)")
  }

  /// Waits for the end of the phase of this parity.
  public func wait(for barrier: MemoryBarrier, parity: Value<U32>) {
    require(.sm90a, "mbarrier.try_wait")
    repeatUntil {
      let isOver = newPredicate()
      emit("mbarrier.try_wait.parity.shared::cta.b64", isOver, barrier.address.text, parity.text)
      return Predicate(register: isOver, of: self)
    }
  }

  /// Orders what this thread wrote to shared memory before what asynchronous operations read there after it.
  public func fenceAsyncProxy() {
    require(.sm90a, "fence.proxy.async")
    emit("fence.proxy.async.shared::cta")
  }
}
