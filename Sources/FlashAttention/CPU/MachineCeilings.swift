/// What the machine can do at most, measured: the roofs over every kernel in the roofline model.
///
/// Williams, Waterman and Patterson, *Roofline: an insightful visual performance model for multicore architectures*,
/// CACM 52(4), 2009.
package struct MachineCeilings: Sendable {
  package let instructionSet: InstructionSet
  /// The number of threads that all figures hold for, together.
  package let threads: Int
  /// fp32 multiply-adds in registers, in floating-point operations a second.
  package let multiplyAdds: Double
  /// Dot products of bf16 pairs in registers, in floating-point operations a second; nil where there are none.
  package let pairProducts: Double?
  /// Products of tiles of bf16 numbers in the matrix unit, in floating-point operations a second; nil where there is
  /// none.
  package let tileProducts: Double?
  /// Bytes read a second from each core's first-level cache.
  package let level1: Double
  /// Bytes read a second from each core's second-level cache.
  package let level2: Double
  /// Bytes read a second from the last-level cache; nil where the threads' second-level caches are as large.
  package let level3: Double?
  /// Bytes read a second from main memory.
  package let memory: Double

  /// Measures the machine, which takes a second or two.
  ///
  /// - Parameters:
  ///   - instructionSet: One that the machine can run.
  ///   - threads: At most one for each core.
  package init(measuring instructionSet: InstructionSet, threads: Int, on processor: Processor = .current) {
    let kernels = KernelSet.kernels(for: instructionSet)
    let level3Share = 4 * processor.level2Cache
    let memoryShare = Self.memoryBytes(processor) / threads
    let memory = CeilingMemory(kernels: kernels, threads: threads, bytesPerThread: max(memoryShare, level3Share))

    var multiplyAdds = Self.arithmetic(kernels.repeatMultiplyAdds, threads: threads)
    var pairProducts = kernels.repeatPairProducts.map { Self.arithmetic($0, threads: threads) }
    var tileProducts = kernels.repeatTileProducts.map { Self.arithmetic($0, threads: threads) }
    // Half a cache, which leaves room for what else is in it.
    var level1Reads = memory.reads(bytesPerThread: processor.level1Cache / 2)
    var level2Reads = memory.reads(bytesPerThread: processor.level2Cache / 2)
    var level3Reads =
      threads * level3Share <= processor.level3Cache / 2 ? memory.reads(bytesPerThread: level3Share) : nil
    var memoryReads = memory.reads(bytesPerThread: memoryShare)
    // In turns, so that a slow moment of the machine does not meet all trials of one ceiling.
    for _ in 0..<Self.trials {
      multiplyAdds.run()
      pairProducts?.run()
      tileProducts?.run()
      level1Reads.run()
      level2Reads.run()
      level3Reads?.run()
      memoryReads.run()
    }
    self.instructionSet = instructionSet
    self.threads = threads
    self.multiplyAdds = multiplyAdds.greatest
    self.pairProducts = pairProducts?.greatest
    self.tileProducts = tileProducts?.greatest
    level1 = level1Reads.greatest
    level2 = level2Reads.greatest
    level3 = level3Reads?.greatest
    self.memory = memoryReads.greatest
  }

  private static let trials = 8

  /// Several times the last-level cache, as far as it can be touched in short time.
  private static func memoryBytes(_ processor: Processor) -> Int {
    min(max(4 * processor.level3Cache, 128 << 20), processor.memory / 4, 1 << 30)
  }

  private static func arithmetic(
    _ kernel: @escaping @Sendable (_ rounds: Int, _ seed: Float, _ sink: KernelSet.Floats) -> Int, threads: Int
  ) -> RateTrial {
    RateTrial(threads: threads) { _, rounds, sink in
      // Sums of this seed stay finite however long they are.
      Double(kernel(rounds << 10, 0.5, sink))
    }
  }
}

/// Memory that several threads read, each a part of its own. Its pages are like those of a tensor.
private final class CeilingMemory {
  private let kernels: KernelSet
  private let threads: Int
  private let numbersPerThread: Int
  private let numbers: UnsafeMutablePointer<Float>

  init(kernels: KernelSet, threads: Int, bytesPerThread: Int) {
    self.kernels = kernels
    self.threads = threads
    numbersPerThread = bytesPerThread / 64 * 64 / MemoryLayout<Float>.stride
    let count = threads * numbersPerThread
    // On the boundary of a cache line, which no vector crosses then.
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
    // Written, because pages that nobody has written to share one page of zeros.
    numbers = bytes.initializeMemory(as: Float.self, repeating: 0, count: count)
  }

  deinit { numbers.deallocate() }

  /// All threads together, each reading the same bytes over and over; the amount is in bytes.
  func reads(bytesPerThread: Int) -> RateTrial {
    let step = kernels.readGranularity
    let count = max(bytesPerThread / MemoryLayout<Float>.stride / step, 1) * step
    return RateTrial(threads: threads) { [self] thread, rounds, sink in
      for _ in 0..<rounds { kernels.readMemory(numbers + thread * numbersPerThread, count, sink) }
      return Double(rounds * count * MemoryLayout<Float>.stride)
    }
  }
}
